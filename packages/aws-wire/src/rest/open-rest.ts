import type { ServiceModel } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import type { RequestBody, RequestHead } from '../message.ts';
import type { Call } from '../protocol.ts';
import { shown } from '../scalars/decode-scalar.ts';
import { type BodyCodec, decodeRest } from './decode-rest.ts';
import { matchRoute } from './routes.ts';

/** `Protocol.open` of the REST protocols, whose operation is in method, path and query. */
export function restOpener(codec: BodyCodec) {
  return async (model: ServiceModel, head: RequestHead, body: RequestBody): Promise<Call> => {
    const match = matchRoute(model, head);
    if (match === undefined) {
      const action = shown(`${head.method} ${head.path}`);
      throw apiError('InvalidAction', { action, version: model.version });
    }
    return {
      operation: match.operation.name,
      decode: () => decodeRest(match, head, body, codec),
    };
  };
}
