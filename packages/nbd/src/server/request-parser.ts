import { commandType } from '../codec/constants.ts';
import { decodeRequest, type NbdRequest, requestBytes } from '../codec/request.ts';

const none = Buffer.alloc(0);

/**
 * Cuts the client's bytes into requests, whatever pieces they come in. Data of writes is skipped as
 * it comes and never held: nothing is ever written.
 */
export class RequestParser {
  #input: Buffer = none;
  #position = 0;
  /** The start of a request whose end has not come. */
  readonly #partial = Buffer.alloc(requestBytes);
  #partialBytes = 0;
  #skipBytes = 0;

  /** The parser keeps the buffer until its last request has been taken. */
  feed(bytes: Buffer): void {
    const left = this.#input.length - this.#position;
    this.#input = left === 0 ? bytes : Buffer.concat([this.#input.subarray(this.#position), bytes]);
    this.#position = 0;
  }

  /** Undefined when more bytes are needed. Bad magic throws NbdProtocolError. */
  next(): NbdRequest | undefined {
    this.#skip();
    const request = this.#partialBytes === 0 ? this.#whole() : this.#completed();
    if (request?.type === commandType.write) this.#skipBytes = request.lengthBytes;
    return request;
  }

  #whole(): NbdRequest | undefined {
    const end = this.#position + requestBytes;
    if (end > this.#input.length) return this.#completed();
    const request = decodeRequest(this.#input, this.#position);
    this.#position = end;
    return request;
  }

  #completed(): NbdRequest | undefined {
    const from = this.#position;
    const end = Math.min(from + requestBytes - this.#partialBytes, this.#input.length);
    this.#partialBytes += this.#input.copy(this.#partial, this.#partialBytes, from, end);
    this.#position = end;
    if (this.#partialBytes < requestBytes) return undefined;
    this.#partialBytes = 0;
    return decodeRequest(this.#partial);
  }

  #skip(): void {
    const step = Math.min(this.#skipBytes, this.#input.length - this.#position);
    this.#skipBytes -= step;
    this.#position += step;
  }
}
