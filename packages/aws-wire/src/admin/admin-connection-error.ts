/** The admin service could not be reached, broke off, or what replied does not speak its protocol. */
export class AdminConnectionError extends Error {
  override readonly name = 'AdminConnectionError';
  readonly endpoint: string;

  constructor(endpoint: string, problem: string, options?: ErrorOptions) {
    super(`${endpoint}: ${problem}`, options);
    this.endpoint = endpoint;
  }
}

/** No reply, or none to its end: the server may be back soon. A reply of another program or release is not this error, as waiting does not change it. */
export class ServerAwayError extends AdminConnectionError {}
