import type { ServiceModel } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import type { RequestBody, RequestHead } from '../message.ts';
import type { Call } from '../protocol.ts';
import { shown } from '../scalars/decode-scalar.ts';
import { inputOf } from '../shapes-of.ts';
import { decodeParameters, type QueryRules } from './decode-parameters.ts';
import { readQueryCall } from './query-call.ts';

/** `Protocol.open` of the Query protocols, whose action is in the query or in the body. */
export function queryOpener(rules: QueryRules) {
  return async (model: ServiceModel, head: RequestHead, body: RequestBody): Promise<Call> => {
    const { version } = model;
    const { action, parameters } = readQueryCall(head, await body.bytes(), version);
    if (!model.hasOperation(action)) {
      throw apiError('InvalidAction', { action: shown(action), version });
    }
    return {
      operation: action,
      decode: async () => decodeParameters(inputOf(model, action), parameters, rules),
    };
  };
}
