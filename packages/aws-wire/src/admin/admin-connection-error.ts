/** The admin service could not be reached, or what answered does not speak its protocol. */
export class AdminConnectionError extends Error {
  override readonly name = 'AdminConnectionError';
  readonly endpoint: string;

  constructor(endpoint: string, words: string, options?: ErrorOptions) {
    super(`${endpoint}: ${words}`, options);
    this.endpoint = endpoint;
  }
}
