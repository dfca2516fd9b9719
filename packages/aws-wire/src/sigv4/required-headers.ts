import { apiError } from '@bakehouse/domain';
import { headerValue, type RequestHeaders } from '../message.ts';
import type { Authorization } from './authorization.ts';

/**
 * What must be signed, or a captured signature could be replayed with other values: `host`, the
 * date and every `x-amz-` header that the request carries; a presigned request has its date in the
 * query. And what is signed must be there. The documentation wants `content-type` signed too, but
 * AWS accepts requests of clients that leave it out (curl's `--aws-sigv4` is one), and no service
 * here reads a body differently for it.
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
  const amz = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && headerValue(headers, name) !== undefined,
  );
  if (authorization.kind === 'presigned' || amz.includes('x-amz-date')) return amz;
  return ['date', ...amz];
}

function mismatch(message: string) {
  return apiError('SignatureDoesNotMatch', { message });
}
