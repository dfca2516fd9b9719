import {
  authenticate,
  claimedIdentity,
  type KnownKey,
  mayHaveSignatureV2InBody,
  type PayloadCheck,
  type RequestBody,
  type RequestHead,
  type RequestIdentity,
  signatureV2Key,
} from '@bakehouse/aws-wire';
import {
  type AccountId,
  ApiError,
  apiError,
  type MetadataStore,
  type RegionName,
} from '@bakehouse/domain';

/** Who calls, where and which service, by the request's signature. */
export interface Caller {
  readonly accountId: AccountId;
  readonly accessKeyId: string;
  readonly region: RegionName;
  readonly service: string;
}

/** A caller whose request's head has been checked. */
interface AuthenticatedCaller {
  readonly caller: Caller;
  /** What is left to check of the body. */
  readonly payload?: PayloadCheck;
}

export interface AuthenticateOptions {
  readonly auth: 'strict' | 'open';
  readonly metadata: MetadataStore;
  readonly now: () => number;
  /** With `--auth open`: the account of callers whose access key names none. */
  readonly openAccountId: AccountId;
  /** The first is that of requests which name none. */
  readonly regions: readonly RegionName[];
}

/** Judges a request by its head. The body is read only where it may hold the signature. */
export type Authenticate = (
  head: RequestHead,
  body: Pick<RequestBody, 'bytes'>,
) => Promise<AuthenticatedCaller>;

/** Strict: Signature Version 4 by a known key. Open: anyone, by what they claim. */
export function authenticator(options: AuthenticateOptions): Authenticate {
  const { metadata } = options;
  const findSecret = async (accessKeyId: string): Promise<KnownKey | undefined> => {
    const key = await metadata.read((tx) => tx.get('accessKey', accessKeyId));
    return key && { secret: key.secret, accountId: key.accountId };
  };
  if (options.auth === 'strict') {
    return async (head) => {
      if (signatureV2Key(head) !== undefined) throw versionTwo();
      try {
        const { identity, payload } = await authenticate(head, { findSecret, now: options.now() });
        return { caller: identity, ...(payload && { payload }) };
      } catch (error) {
        throw mayHaveSignatureV2InBody(head) ? withVersionTwo(error) : error;
      }
    };
  }
  return async (head, body) => {
    const claimed = await claimedCaller(head, body, options.regions);
    if (accountPattern.test(claimed.accessKeyId)) {
      return { caller: { ...claimed, accountId: claimed.accessKeyId } };
    }
    const known = await findSecret(claimed.accessKeyId);
    return { caller: { ...claimed, accountId: known?.accountId ?? options.openAccountId } };
  };
}

const accountPattern = /^\d{12}$/;

/** By Signature Version 4 or else 2, whose region is only in the host name. */
async function claimedCaller(
  head: RequestHead,
  body: Pick<RequestBody, 'bytes'>,
  regions: readonly RegionName[],
): Promise<RequestIdentity> {
  try {
    return claimedIdentity(head);
  } catch (error) {
    const accessKeyId = signatureV2Key(head) ?? (await keyInForm(head, body));
    if (!(error instanceof ApiError) || accessKeyId === undefined) throw error;
    return { accessKeyId, region: regionOfHost(head, regions), service: 'ec2' };
  }
}

async function keyInForm(
  head: RequestHead,
  body: Pick<RequestBody, 'bytes'>,
): Promise<string | undefined> {
  if (!mayHaveSignatureV2InBody(head)) return undefined;
  return signatureV2Key(head, Buffer.from(await body.bytes()).toString('latin1'));
}

/** `eu-west-1` of `ec2.eu-west-1.localhost`. */
function regionOfHost({ headers }: RequestHead, regions: readonly RegionName[]): RegionName {
  const labels = String(headers.host ?? '')
    .replace(/:\d+$/, '')
    .split('.');
  const [first = 'us-east-1'] = regions;
  return regions.find((region) => labels.includes(region)) ?? first;
}

/** The body of an unsigned request is not read, so whether it has a signature of Version 2 is not known. */
function withVersionTwo(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.code !== 'MissingAuthenticationToken') return error;
  return apiError('MissingAuthenticationToken', {
    message:
      'Missing Authentication Token. Use Signature Version 4 (AWS4-HMAC-SHA256); Signature Version 2 is accepted only by a server that was started with --auth open.',
  });
}

function versionTwo() {
  return apiError('AuthFailure', {
    message:
      'Signature Version 2 is not accepted here. Use Signature Version 4 (AWS4-HMAC-SHA256), or start the server with --auth open.',
  });
}

/** Refuses a region that this platform does not serve, with those that it does. */
export function checkRegion(region: RegionName, served: readonly RegionName[]): void {
  if (served.includes(region)) return;
  throw apiError('AuthFailure', {
    message: `The region '${region}' is not served here; this platform serves ${served.join(', ')}`,
  });
}
