import { adminApiVersion } from '@bakehouse/admin-api';

/**
 * The admin service speaks JSON in the manner of AWS's own: a signed POST to `/` with the service name `bakehouse` in
 * the credential scope, the call in `X-Amz-Target: Bakehouse_VERSION.CALL`, and the input as a JSON object. The reply
 * is newline-delimited JSON: lines `{"progress": …}`, and at the end `{"result": …}` or an error
 * `{"__type": code, "message": text}`. An error before the first line is an error reply with the same body. A reply
 * without a result or an error at its end was cut off. What a call takes and returns is in @bakehouse/admin-api.
 */
export const adminService = 'bakehouse';
export const adminTargetPrefix = `Bakehouse_${adminApiVersion}.`;
export const adminContentType = 'application/x-amz-json-1.1';
export const adminStreamContentType = 'application/x-ndjson';

/**
 * Written between lines while there is nothing to report: clients skip empty lines, but give up on a connection that
 * is silent for minutes.
 */
export const adminHeartbeat = '\n';

/** An error of the admin service on the wire. */
export interface AdminErrorBody {
  readonly __type: string;
  readonly message: string;
}
