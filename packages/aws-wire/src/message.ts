/** An HTTP request without its body. */
export interface RequestHead {
  readonly method: string;
  /** The path of the request target as sent: encoded, without the query. */
  readonly path: string;
  /** What follows `?`, still encoded; empty when there is none. */
  readonly rawQuery: string;
  readonly headers: RequestHeaders;
}

/**
 * By lower-case name, as Node's `headersDistinct` (several values of one header stay apart) or
 * `headers` give them.
 */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The values of a header, joined as SigV4's canonical form wants them; undefined when absent. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const value = headers[name];
  if (value === undefined || typeof value === 'string') return value;
  return value.length === 0 ? undefined : value.join(',');
}

/**
 * A request's body, read when a protocol asks for it and checked against the signature on the way.
 * Either method may reject with `RequestEntityTooLarge` and `SignatureDoesNotMatch`; one of them may
 * be called, once.
 */
export interface RequestBody {
  bytes(): Promise<Uint8Array>;
  /** Ends only when the whole body has arrived and matches the signature. */
  stream(): AsyncIterable<Uint8Array>;
}

/** The body of a request that has been read already, or has none. */
export function wholeBody(bytes: Uint8Array): RequestBody {
  return {
    bytes: async () => bytes,
    async *stream() {
      yield bytes;
    },
  };
}

export interface Reply {
  readonly status: number;
  /** By lower-case name. `content-length` is left to who sends the reply. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
}

/** A stream is sent as it is produced. */
export type ReplyBody = string | Uint8Array | AsyncIterable<string | Uint8Array>;
