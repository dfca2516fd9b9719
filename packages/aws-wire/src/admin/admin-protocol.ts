/**
 * The admin service speaks JSON in the manner of AWS's own: a signed POST to `/` with the service
 * name `bakehouse` in the credential scope, the operation in `X-Amz-Target: Bakehouse.<Operation>`,
 * JSON both ways, and errors as `{"__type": code, "message": words}`. An operation that reports
 * progress answers newline-delimited JSON, one event a line; an error that comes after the first
 * byte is the last line, in the same form as an error body.
 */
export const adminService = 'bakehouse';
export const adminTargetPrefix = 'Bakehouse.';
export const adminContentType = 'application/x-amz-json-1.1';
export const adminStreamContentType = 'application/x-ndjson';

/**
 * Written between events when there is nothing to tell: clients skip empty lines, but give up on a
 * connection that is silent for minutes. At least once a minute is wise.
 */
export const adminHeartbeat = '\n';

/** An error of the admin service as it travels. */
export interface AdminErrorBody {
  readonly __type: string;
  readonly message: string;
}
