import {
  isStsOperation,
  type StsOperationName,
  stsApiVersion,
  stsShapes,
} from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { decodeStructure } from './decode-structure.ts';
import { shown } from './form-parameters.ts';
import { type QueryRequest, readQueryCall } from './query-call.ts';

export interface DecodedStsQuery {
  readonly action: StsOperationName;
  readonly version: string;
}

/** What STS has besides: it gives temporary credentials, of which this platform knows none. */
const unserved: ReadonlySet<string> = new Set([
  'AssumeRole',
  'AssumeRoleWithSAML',
  'AssumeRoleWithWebIdentity',
  'AssumeRoot',
  'DecodeAuthorizationMessage',
  'GetAccessKeyInfo',
  'GetDelegatedAccessToken',
  'GetFederationToken',
  'GetSessionToken',
  'GetWebIdentityToken',
]);

function refusal(action: string, version: string) {
  if (!unserved.has(action)) return apiError('InvalidAction', { action: shown(action), version });
  return apiError('UnsupportedOperation', {
    message: `The operation ${action} is not served here: there are no roles and no temporary credentials. Use an account's own access key; of STS, GetCallerIdentity is served.`,
  });
}

/** A request to STS; `GetCallerIdentity`, which takes no parameters, is all that is known. */
export function decodeStsQuery(request: QueryRequest): DecodedStsQuery {
  const { action, version, parameters } = readQueryCall(request, stsApiVersion);
  if (!isStsOperation(action)) throw refusal(action, version);
  decodeStructure(stsShapes.input(action), parameters);
  return { action, version };
}
