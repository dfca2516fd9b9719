import { apiError } from '@bakehouse/domain';
import { sha256Hex } from './signature.ts';
import { headerValue, type SignedRequest } from './signed-request.ts';

export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/**
 * The payload hash that the signature covers. A hash that the caller names must be that of the
 * body: otherwise a signed request could be sent on with another body. S3 alone lets the payload
 * go unsigned.
 */
export function payloadHash(request: SignedRequest, service: string): string {
  const named = headerValue(request.headers, 'x-amz-content-sha256');
  if (named === unsignedPayload && service === 's3') return named;
  const actual = sha256Hex(request.body);
  if (named === undefined || named === actual) return actual;
  throw apiError('SignatureDoesNotMatch', {
    message:
      "The value of 'x-amz-content-sha256' is not the SHA-256 of the body that was received: " +
      `the body's is ${actual} (${request.body.byteLength} bytes).`,
  });
}
