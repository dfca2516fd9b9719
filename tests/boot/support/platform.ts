/** What the global setup hands to every test file. */
export interface Platform {
  readonly endpoint: string;
  readonly dataDirectory: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The baked image in `region`. */
  readonly imageId: string;
  readonly serverLog: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    platform: Platform;
  }
}
