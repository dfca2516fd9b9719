import type { ServerResponse } from 'node:http';
import { adminHeartbeat, adminStreamContentType } from '@bakehouse/aws-wire';

/**
 * The lines of one reply. It begins with the first line. While the client does not read, only the latest progress is
 * kept, so that a slow client costs one line of memory.
 */
export class AdminReply {
  readonly #response: ServerResponse;
  #isFull = false;
  #latest: string | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on('drain', () => {
      this.#isFull = false;
      if (this.#latest !== undefined) this.progress(this.#latest);
    });
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  progress(line: string): void {
    this.#latest = undefined;
    if (this.#isFull) this.#latest = line;
    else this.#write(line);
  }

  /** Shows that the call is still worked on: clients and proxies give up on a silent connection. */
  beat(): void {
    if (!this.#isFull) this.#write(adminHeartbeat);
  }

  end(line: string): void {
    this.#latest = undefined;
    this.#write(line);
    this.#response.end();
  }

  #write(text: string): void {
    if (!this.hasBegun) {
      this.#response.writeHead(200, { 'content-type': adminStreamContentType });
    }
    this.#isFull = !this.#response.write(text);
  }
}
