import { invariant } from '@bakehouse/base';
import { nonconformities } from './conformance.ts';
import { modelOf, type ServiceName, type ServiceOperationTable } from './services.ts';

/** One service's API as it is served: which operations, and how one is called. */
export interface ServedApi<Context> {
  readonly service: ServiceName;
  readonly operationNames: readonly string[];
  /** Calls one of the served operations with a decoded request. Rejects with `ApiError` for refusals. */
  call(operation: string, context: Context, input: object): Promise<object>;
}

type AnyOperation<Context> = (context: Context, input: object) => Promise<object>;

/** An API that calls the operations of a table as they are. */
export function servedApi<Service extends ServiceName, Context>(
  service: Service,
  table: ServiceOperationTable<Service, Context>,
): ServedApi<Context> {
  // The decoder makes each operation's input by the model that its type comes from.
  const operations = new Map(Object.entries(table) as [string, AnyOperation<Context>][]);
  return {
    service,
    operationNames: [...operations.keys()],
    async call(name, context, input) {
      const operation = operations.get(name);
      invariant(operation !== undefined, `the operation ${name} of ${service} is served`);
      return operation(context, input);
    },
  };
}

/**
 * The same API, whose responses are checked against the model: for tests, where a response that is not
 * the model's is a failure.
 */
export function withCheckedAnswers<Context>(api: ServedApi<Context>): ServedApi<Context> {
  return {
    ...api,
    async call(name, context, input) {
      const output = await api.call(name, context, input);
      const shape = modelOf(api.service).find(name)?.output;
      invariant(shape !== undefined, `the model of ${api.service} has the operation ${name}`);
      const problems = nonconformities(shape, output);
      const words = problems.join('; ');
      invariant(problems.length === 0, `the answer of ${name} is as its model says: ${words}`);
      return output;
    },
  };
}

/** Throws when an API names operations of which its service's model has no shapes. */
export function checkServedApi(api: ServedApi<never>): void {
  const model = modelOf(api.service);
  const unknown = api.operationNames.filter((name) => model.find(name) === undefined);
  if (unknown.length === 0) return;
  throw new Error(`the model of ${api.service} has no shapes for ${unknown.join(', ')}`);
}
