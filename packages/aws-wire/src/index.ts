export { type AdminClient, adminClient, type CallOptions } from './admin/admin-client.ts';
export { AdminConnectionError } from './admin/admin-connection-error.ts';
export * from './admin/admin-protocol.ts';
export type { AdminClientOptions } from './admin/admin-transport.ts';
export { type AdminCall, decodeAdminRequest } from './admin/decode-admin-request.ts';
export * from './admin/encode-admin-response.ts';
export { followBake } from './admin/follow-bake.ts';
export { type EventEntry, type EventsQuery, readEvents } from './admin/read-events.ts';
export { type Watch, watchUntil } from './admin/watch-until.ts';
export { nameError } from './error-names.ts';
export { guessProtocol } from './guess-protocol.ts';
export { isJsonDocument, type JsonDocument, type JsonValue } from './json/parse-json.ts';
export {
  headerValue,
  type Reply,
  type ReplyBody,
  type RequestBody,
  type RequestHead,
  type RequestHeaders,
  wholeBody,
} from './message.ts';
export type { Call, ErrorSource, Protocol, WireError } from './protocol.ts';
export { protocols } from './protocols.ts';
export { mayHaveSignatureV2InBody, signatureV2Key } from './sigv2/claimed-key.ts';
export {
  type Authenticated,
  authenticate,
  claimedIdentity,
  type KnownKey,
  type PayloadCheck,
  type RequestIdentity,
  type VerifiedIdentity,
  type VerifyOptions,
} from './sigv4/authenticate.ts';
export {
  type Credentials,
  type RequestToSign,
  type SigningOptions,
  signRequest,
} from './sigv4/sign-request.ts';
