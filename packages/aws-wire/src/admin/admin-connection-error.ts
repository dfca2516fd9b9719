/** The admin service could not be reached, broke off, or what replied does not speak its protocol. */
export class AdminConnectionError extends Error {
  override readonly name = 'AdminConnectionError';
  readonly endpoint: string;

  constructor(endpoint: string, problem: string, options?: ErrorOptions) {
    super(`${endpoint}: ${problem}`, options);
    this.endpoint = endpoint;
  }
}

/** The server is of another release than this client, which waiting does not change. */
export class OtherReleaseError extends AdminConnectionError {}
