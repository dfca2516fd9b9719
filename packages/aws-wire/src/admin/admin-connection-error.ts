/** The admin service could not be reached, broke off, or what replied does not speak its protocol. */
export class AdminConnectionError extends Error {
  override readonly name = 'AdminConnectionError';
  readonly endpoint: string;

  constructor(endpoint: string, problem: string, options?: ErrorOptions) {
    super(`${endpoint}: ${problem}`, options);
    this.endpoint = endpoint;
  }
}

/** No reply, or none to its end: the server may be back soon. What another program or another release replies stays. */
export class ServerAwayError extends AdminConnectionError {}
