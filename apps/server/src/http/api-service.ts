import { checkServedApi, modelOf, type ServedApi } from '@bakehouse/aws-model';
import { protocols } from '@bakehouse/aws-wire';
import { invariant } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import type { Caller } from './caller.ts';
import type { Service } from './listener.ts';

/**
 * Serves an API: decodes by the service's model, calls the operation, encodes by the model. Throws,
 * when it is made, for an API with an operation that the model lacks.
 */
export function apiService<Context>(
  api: ServedApi<Context>,
  makeContext: (caller: Caller, requestId: string) => Promise<Context>,
): Service {
  checkServedApi(api);
  const model = modelOf(api.service);
  const protocol = protocols[model.protocol];
  const served = new Set(api.operationNames);
  return async ({ head, body, caller, requestId }) => {
    const call = await protocol.open(model, head, body);
    // Refuse an operation that is not served before its parameters are decoded.
    if (!served.has(call.operation)) throw notServed(call.operation);
    const operation = model.find(call.operation);
    invariant(operation !== undefined, `the model has the operation ${call.operation}`);
    const input = await call.decode();
    const output = await api.call(call.operation, await makeContext(caller, requestId), input);
    return protocol.encode(model, operation, output, requestId);
  };
}

function notServed(name: string) {
  return apiError('UnsupportedOperation', {
    message: `The operation ${name} is not served here. docs/operations.md lists what is.`,
  });
}
