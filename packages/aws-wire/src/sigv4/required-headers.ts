import { apiError } from '@bakehouse/domain';
import type { Authorization } from './authorization.ts';
import { headerValue, type RequestHeaders } from './signed-request.ts';

/**
 * What must be signed, or a captured signature could be replayed with other values: `host`, the
 * date, `content-type` and every `x-amz-` header that the request carries. A presigned request has
 * its date in the query. And what is signed must be there.
 */
export function checkSignedHeaders(headers: RequestHeaders, authorization: Authorization): void {
  const signed = new Set(authorization.signedHeaders);
  for (const name of ['host', ...presentThatMustBeSigned(headers, authorization)]) {
    if (!signed.has(name)) {
      throw mismatch(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
  for (const name of authorization.signedHeaders) {
    if (headerValue(headers, name) === undefined) {
      throw mismatch(`The signed header '${name}' is not in the request.`);
    }
  }
}

function presentThatMustBeSigned(headers: RequestHeaders, authorization: Authorization): string[] {
  const names = Object.keys(headers).filter((name) => headerValue(headers, name) !== undefined);
  const amz = names.filter((name) => name.startsWith('x-amz-'));
  if (authorization.kind === 'presigned') return amz;
  const date = names.includes('x-amz-date') ? [] : ['date'];
  return [...date, ...names.filter((name) => name === 'content-type'), ...amz];
}

function mismatch(message: string) {
  return apiError('SignatureDoesNotMatch', { message });
}
