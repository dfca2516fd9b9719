/** The peer broke the NBD protocol; the connection cannot continue. */
export class NbdProtocolError extends Error {
  override readonly name = 'NbdProtocolError';
}

/** The connection ended, or its time limit passed, before the reply arrived. */
export class NbdConnectionError extends Error {
  override readonly name = 'NbdConnectionError';
}

/** The server replied to a command or an option with an error. */
export class NbdServerError extends Error {
  override readonly name = 'NbdServerError';
  /** The NBD error value of a command (5 is EIO), or the error reply type of an option. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
