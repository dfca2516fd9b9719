import { apiError } from '@bakehouse/domain';
import type { Authorization } from './authorization.ts';
import { sha256Hex } from './signature.ts';
import { headerValue, type SignedRequest } from './signed-request.ts';

export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/**
 * The payload hash that the signature covers. A hash that the caller names must be that of the
 * body: otherwise a signed request could be sent on with another body. S3 alone lets the payload
 * go unsigned, and expects it of a presigned request.
 */
export function payloadHash(request: SignedRequest, authorization: Authorization): string {
  const named = headerValue(request.headers, 'x-amz-content-sha256');
  const { kind, credential } = authorization;
  if (credential.service === 's3') {
    if (named === unsignedPayload) return named;
    if (named === undefined && kind === 'presigned') return unsignedPayload;
  }
  const actual = sha256Hex(request.body);
  if (named === undefined || named === actual) return actual;
  throw apiError('SignatureDoesNotMatch', {
    message:
      "The value of 'x-amz-content-sha256' is not the SHA-256 of the body that was received: " +
      `the body's is ${actual} (${request.body.byteLength} bytes).`,
  });
}
