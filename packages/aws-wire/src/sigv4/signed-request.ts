/** An HTTP request as it came, enough of it to check who signed it. */
export interface SignedRequest {
  readonly method: string;
  /** The path of the request target as sent: encoded, without the query. */
  readonly path: string;
  /** What follows `?`, still encoded; empty when there is none. */
  readonly rawQuery: string;
  /**
   * By lower-case name, as Node's `headersDistinct` (several values of one header stay apart) or
   * `headers` give them.
   */
  readonly headers: RequestHeaders;
  readonly body: Uint8Array;
}

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The values of a header, joined as SigV4's canonical form wants them; undefined when absent. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const value = headers[name];
  if (value === undefined || typeof value === 'string') return value;
  return value.length === 0 ? undefined : value.join(',');
}
