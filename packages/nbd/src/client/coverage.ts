import { NbdProtocolError } from '../errors.ts';

/** Which parts of a request's range have arrived: all must, none twice. */
export class Coverage {
  readonly #start: number;
  readonly #end: number;
  /** Everything before this has arrived. */
  #contiguousEnd: number;
  /** What has arrived beyond a gap: start → end, none touching the contiguous part. */
  readonly #islands = new Map<number, number>();

  constructor(offset: number, lengthBytes: number) {
    this.#start = offset;
    this.#end = offset + lengthBytes;
    this.#contiguousEnd = offset;
  }

  /** Throws NbdProtocolError when the range is empty, leaves the request or overlaps what has arrived. */
  add(offset: number, lengthBytes: number): void {
    const end = offset + lengthBytes;
    if (lengthBytes === 0 || offset < this.#start || end > this.#end) {
      throw new NbdProtocolError(
        `a chunk for ${offset}+${lengthBytes} in a reply for ${this.#start} to ${this.#end}`,
      );
    }
    if (this.#overlaps(offset, end)) {
      throw new NbdProtocolError(`a chunk for ${offset}+${lengthBytes} overlaps an earlier one`);
    }
    if (offset > this.#contiguousEnd) {
      this.#addIsland(offset, end);
      return;
    }
    this.#contiguousEnd = end;
    for (let next = this.#islands.get(end); next !== undefined; ) {
      this.#islands.delete(this.#contiguousEnd);
      this.#contiguousEnd = next;
      next = this.#islands.get(next);
    }
  }

  get complete(): boolean {
    return this.#contiguousEnd === this.#end;
  }

  #overlaps(offset: number, end: number): boolean {
    if (offset < this.#contiguousEnd) return true;
    for (const [from, to] of this.#islands) {
      if (offset < to && from < end) return true;
    }
    return false;
  }

  #addIsland(offset: number, end: number): void {
    // Servers send in order or nearly so; a reply in thousands of scattered chunks is an attack.
    if (this.#islands.size >= 1024) throw new NbdProtocolError('a reply in too many chunks');
    this.#islands.set(offset, end);
  }
}
