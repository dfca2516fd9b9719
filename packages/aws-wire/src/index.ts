export {
  type AdminClient,
  type AdminClientOptions,
  type AdminOperation,
  type AdminOperations,
  adminClient,
  type CallOptions,
} from './admin/admin-client.ts';
export { AdminConnectionError } from './admin/admin-connection-error.ts';
export * from './admin/admin-protocol.ts';
export {
  type AdminCall,
  adminBodyBytesMax,
  decodeAdminRequest,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from './admin/decode-admin-request.ts';
export * from './admin/encode-admin-response.ts';
export {
  type DecodedEc2Query,
  decodeEc2Input,
  decodeEc2Query,
  type Ec2Call,
  readEc2Call,
} from './query/decode-ec2-query.ts';
export { type DecodedStsQuery, decodeStsQuery } from './query/decode-sts-query.ts';
export type { FormParameter } from './query/form-parameters.ts';
export type { QueryRequest } from './query/query-call.ts';
export {
  type Credentials,
  type RequestToSign,
  type SigningOptions,
  signRequest,
} from './sigv4/sign-request.ts';
export type { RequestHeaders, SignedRequest } from './sigv4/signed-request.ts';
export {
  claimedIdentity,
  type KnownKey,
  type RequestIdentity,
  type VerifiedIdentity,
  type VerifyOptions,
  verifyRequest,
} from './sigv4/verify-request.ts';
export {
  encodeEc2Error,
  encodeEc2Response,
  type WireError,
  xmlContentType,
} from './xml/encode-ec2-response.ts';
export {
  type CallerIdentity,
  encodeStsError,
  encodeStsResponse,
} from './xml/encode-sts-response.ts';
