import {
  claimedIdentity,
  type KnownKey,
  type SignedRequest,
  verifyRequest,
} from '@bakehouse/aws-wire';
import { type AccountId, apiError, type MetadataStore, type RegionName } from '@bakehouse/domain';

/** Who calls, where and what for, as far as the signature tells. */
export interface Caller {
  readonly accountId: AccountId;
  readonly accessKeyId: string;
  readonly region: RegionName;
  readonly service: string;
}

export interface AuthenticateOptions {
  readonly auth: 'strict' | 'open';
  readonly metadata: MetadataStore;
  readonly now: () => number;
  /** The account of callers whose key says nothing else, with `--auth open`. */
  readonly openAccountId: AccountId;
}

export type Authenticate = (request: SignedRequest) => Promise<Caller>;

const accountPattern = /^\d{12}$/;

/** Strict: Signature Version 4 by a known key. Open: anyone, taken at their word. */
export function authenticator(options: AuthenticateOptions): Authenticate {
  const { metadata } = options;
  const findSecret = async (accessKeyId: string): Promise<KnownKey | undefined> => {
    const key = await metadata.read((tx) => tx.get('accessKey', accessKeyId));
    return key && { secret: key.secret, accountId: key.accountId };
  };
  if (options.auth === 'strict') {
    return (request) => verifyRequest(request, { findSecret, now: options.now() });
  }
  return async (request) => {
    const claimed = claimedIdentity(request);
    if (accountPattern.test(claimed.accessKeyId)) {
      return { ...claimed, accountId: claimed.accessKeyId };
    }
    const known = await findSecret(claimed.accessKeyId);
    return { ...claimed, accountId: known?.accountId ?? options.openAccountId };
  };
}

/** Refuses a region that this platform does not serve, with those that it does. */
export function checkRegion(region: RegionName, served: readonly RegionName[]): void {
  if (served.includes(region)) return;
  throw apiError('AuthFailure', {
    message: `The region '${region}' is not served here; this platform serves ${served.join(', ')}`,
  });
}
