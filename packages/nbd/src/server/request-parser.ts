import { commandType } from '../codec/constants.ts';
import { decodeRequest, type NbdRequest, requestBytes } from '../codec/request.ts';

const none = Buffer.alloc(0);

/**
 * Cuts the client's bytes into requests, whatever pieces they come in. A write comes out when all of its
 * payload has come, so that no client is refused while it still sends; the payload is discarded as it comes.
 */
export class RequestParser {
  #input: Buffer = none;
  #position = 0;
  /** The start of a request whose end has not come. */
  readonly #partial = Buffer.alloc(requestBytes);
  #partialBytes = 0;
  /** A write whose payload is coming, and how much of that is missing. */
  #write: NbdRequest | undefined;
  #payloadBytes = 0;

  /** The parser keeps the buffer until its last request has been taken. */
  feed(bytes: Buffer): void {
    const left = this.#input.length - this.#position;
    this.#input = left === 0 ? bytes : Buffer.concat([this.#input.subarray(this.#position), bytes]);
    this.#position = 0;
  }

  /** Undefined when more bytes are needed. Bad magic throws NbdProtocolError. */
  next(): NbdRequest | undefined {
    if (this.#write !== undefined) return this.#writeWhenComplete();
    const request = this.#partialBytes === 0 ? this.#whole() : this.#completed();
    if (request?.type !== commandType.write) return request;
    this.#write = request;
    this.#payloadBytes = request.lengthBytes;
    return this.#writeWhenComplete();
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

  #writeWhenComplete(): NbdRequest | undefined {
    const step = Math.min(this.#payloadBytes, this.#input.length - this.#position);
    this.#payloadBytes -= step;
    this.#position += step;
    if (this.#payloadBytes > 0) return undefined;
    const request = this.#write;
    this.#write = undefined;
    return request;
  }
}
