import type { ProtocolName } from '@bakehouse/aws-model';
import type { ErrorCode } from '@bakehouse/domain';
import type { WireError } from './protocol.ts';

/** Services that name the same refusals alike. */
type Family = 'query' | 'json' | 's3';

/** A code, or a code and the status that goes with it there. */
type Name = string | readonly [code: string, status: number];

/**
 * Errors that any request may end with, before or beside its operation, in the codes of services
 * other than EC2. Sources: "Common errors" in the API references of IAM and SSM, "Error responses"
 * in that of S3.
 */
const names = {
  AuthFailure: {
    query: ['InvalidClientTokenId', 403],
    json: ['UnrecognizedClientException', 400],
    s3: ['InvalidAccessKeyId', 403],
  },
  InvalidClientTokenId: {
    query: ['InvalidClientTokenId', 403],
    json: ['UnrecognizedClientException', 400],
    s3: ['InvalidAccessKeyId', 403],
  },
  SignatureDoesNotMatch: {
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
    s3: ['SignatureDoesNotMatch', 403],
  },
  RequestExpired: {
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
    s3: ['RequestTimeTooSkewed', 403],
  },
  IncompleteSignature: {
    query: 'IncompleteSignature',
    json: 'IncompleteSignatureException',
    s3: 'AuthorizationHeaderMalformed',
  },
  MissingAuthenticationToken: {
    query: ['MissingAuthenticationToken', 403],
    json: ['MissingAuthenticationTokenException', 400],
    s3: ['AccessDenied', 403],
  },
  UnauthorizedOperation: {
    query: ['AccessDenied', 403],
    json: ['AccessDeniedException', 400],
    s3: ['AccessDenied', 403],
  },
  InvalidAction: {
    query: 'InvalidAction',
    json: 'UnknownOperationException',
    s3: ['MethodNotAllowed', 405],
  },
  MissingAction: {
    query: 'MissingAction',
    json: 'UnknownOperationException',
    s3: ['MethodNotAllowed', 405],
  },
  UnsupportedOperation: {
    query: 'UnsupportedOperation',
    json: 'UnknownOperationException',
    s3: ['NotImplemented', 501],
  },
  NoSuchVersion: { query: 'InvalidAction', json: 'ValidationException', s3: 'InvalidRequest' },
  MissingParameter: {
    query: 'ValidationError',
    json: 'ValidationException',
    s3: 'InvalidRequest',
  },
  UnknownParameter: {
    query: 'ValidationError',
    json: 'ValidationException',
    s3: 'InvalidArgument',
  },
  InvalidParameterValue: {
    query: 'ValidationError',
    json: 'ValidationException',
    s3: 'InvalidArgument',
  },
  InvalidParameterCombination: {
    query: 'ValidationError',
    json: 'ValidationException',
    s3: 'InvalidArgument',
  },
  InvalidRequest: {
    query: 'ValidationError',
    json: 'SerializationException',
    s3: 'MalformedXML',
  },
  MalformedQueryString: {
    query: 'MalformedQueryString',
    json: 'SerializationException',
    s3: 'InvalidURI',
  },
  RequestEntityTooLarge: {
    query: 'RequestEntityTooLarge',
    json: 'RequestEntityTooLargeException',
    s3: ['EntityTooLarge', 400],
  },
  RequestLimitExceeded: {
    query: ['Throttling', 400],
    json: ['ThrottlingException', 400],
    s3: ['SlowDown', 503],
  },
  InternalError: { query: 'InternalFailure', json: 'InternalFailure', s3: 'InternalError' },
  Unavailable: {
    query: 'ServiceUnavailable',
    json: 'ServiceUnavailable',
    s3: 'ServiceUnavailable',
  },
} as const satisfies Partial<Record<ErrorCode, Readonly<Record<Family, Name>>>>;

const byCode: ReadonlyMap<string, Readonly<Record<Family, Name>>> = new Map(Object.entries(names));

/**
 * The error in the code that clients of a service know, and its status. Codes that only the service
 * itself uses stay as they are; in the catalogue they have the status that its model declares.
 */
export function nameError(
  { protocol, service }: { readonly protocol: ProtocolName; readonly service: string },
  { code, status, message }: WireError,
): WireError {
  const name = byCode.get(code)?.[familyOf(protocol, service)];
  if (protocol === 'ec2Query' || name === undefined) return { code, status, message };
  if (typeof name === 'string') return { code: name, status, message };
  return { code: name[0], status: name[1], message };
}

function familyOf(protocol: ProtocolName, service: string): Family {
  if (service === 's3') return 's3';
  return protocol === 'ec2Query' || protocol === 'awsQuery' ? 'query' : 'json';
}
