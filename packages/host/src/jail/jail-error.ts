/** A jail cannot be made on this host. The message says what is missing and what to do. */
export class JailError extends Error {
  override readonly name = 'JailError';
}
