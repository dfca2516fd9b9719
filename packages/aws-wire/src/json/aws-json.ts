import { apiError } from '@bakehouse/domain';
import { headerValue } from '../message.ts';
import type { Protocol } from '../protocol.ts';
import { shown } from '../scalars/decode-scalar.ts';
import { inputOf } from '../shapes-of.ts';
import { decodeObject } from './decode-json.ts';
import { encodeJson } from './encode-json.ts';
import { parseJsonDocument } from './parse-json.ts';

/** AWS JSON 1.0 and 1.1: the operation in `X-Amz-Target`, JSON both ways. */
export function awsJson(version: '1.0' | '1.1'): Protocol {
  const contentType = `application/x-amz-json-${version}`;
  const headers = (requestId: string) => ({
    'content-type': contentType,
    'x-amzn-requestid': requestId,
  });
  return {
    async open(model, head, body) {
      const target = headerValue(head.headers, 'x-amz-target');
      if (target === undefined) throw apiError('MissingAction', {});
      const prefix = `${model.target}.`;
      const operation = target.startsWith(prefix) ? target.slice(prefix.length) : '';
      if (!model.hasOperation(operation)) {
        throw apiError('InvalidAction', { action: shown(target), version: model.version });
      }
      return {
        operation,
        decode: async () =>
          decodeObject(inputOf(model, operation), parseJsonDocument(await body.bytes())),
      };
    },

    /** An operation that returns nothing may be answered with an empty body or, as here, `{}`. */
    encode(_, { output: shape }, output, requestId) {
      return { status: 200, headers: headers(requestId), body: encodeJson(shape, output) };
    },

    encodeError(_, error, requestId) {
      const body = JSON.stringify({ __type: error.code, message: error.message });
      return { status: error.status, headers: headers(requestId), body };
    },
  };
}
