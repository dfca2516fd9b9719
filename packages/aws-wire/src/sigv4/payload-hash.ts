import { headerValue, type RequestHead } from '../message.ts';
import type { Authorization } from './authorization.ts';

const unsignedPayload = 'UNSIGNED-PAYLOAD';

/** Services whose clients may leave the body out of the signature. */
const servicesWithUnsignedPayload: ReadonlySet<string> = new Set(['s3', 'ebs']);

/**
 * The payload hash that the head names, which the signature covers; undefined: the signature covers
 * the hash of the body. S3 expects a presigned request to be unsigned.
 */
export function namedPayload(
  head: RequestHead,
  { kind, credential }: Authorization,
): string | undefined {
  const named = headerValue(head.headers, 'x-amz-content-sha256');
  if (named === undefined && kind === 'presigned' && credential.service === 's3') {
    return unsignedPayload;
  }
  return named;
}

/** True when the body may be anything: the caller says so and the service allows it. */
export function isUnsigned(named: string | undefined, service: string): boolean {
  return named === unsignedPayload && servicesWithUnsignedPayload.has(service);
}
