/** The peer broke the NBD protocol; the connection cannot go on. */
export class NbdProtocolError extends Error {
  override readonly name = 'NbdProtocolError';
}

/** The connection ended, or its time limit passed, before what was asked was answered. */
export class NbdConnectionError extends Error {
  override readonly name = 'NbdConnectionError';
}

/** The server answered a command or an option with an error. */
export class NbdServerError extends Error {
  override readonly name = 'NbdServerError';
  /** The NBD error value of a command (5 is EIO), or the error reply type of an option. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
