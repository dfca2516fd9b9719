import { QmpProtocolError } from './qmp-errors.ts';

const newline = 0x0a;

/** Cuts a byte stream, arriving in pieces split anywhere, into lines of at most `lineBytesMax`. */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** The lines that `bytes` completes, without their ends. A line that is too long throws QmpProtocolError. */
  *push(bytes: Uint8Array): Generator<string> {
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      this.#keep(bytes.subarray(start, end));
      start = end + 1;
      yield this.#take();
    }
    this.#keep(bytes.subarray(start));
  }

  #keep(piece: Uint8Array): void {
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes > this.#lineBytesMax) {
      throw new QmpProtocolError(`a QMP line is longer than ${this.#lineBytesMax} bytes`);
    }
    if (piece.length > 0) this.#pieces.push(piece);
  }

  #take(): string {
    const line = Buffer.concat(this.#pieces, this.#pendingBytes);
    this.#pieces = [];
    this.#pendingBytes = 0;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(line).replace(/\r$/, '');
    } catch (cause) {
      throw new QmpProtocolError('a QMP line is not UTF-8', { cause });
    }
  }
}
