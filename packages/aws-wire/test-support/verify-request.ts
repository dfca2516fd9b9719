import type { RequestHead } from '../src/message.ts';
import {
  authenticate,
  type VerifiedIdentity,
  type VerifyOptions,
} from '../src/sigv4/authenticate.ts';
import { sha256Hex } from '../src/sigv4/signature.ts';

export interface SignedRequest extends RequestHead {
  readonly body: Uint8Array;
}

/** Checks a whole request at once, as a server does with head and body one after the other. */
export async function verifyRequest(
  request: SignedRequest,
  options: VerifyOptions,
): Promise<VerifiedIdentity> {
  const { identity, payload } = await authenticate(request, options);
  payload?.check(sha256Hex(request.body));
  return identity;
}
