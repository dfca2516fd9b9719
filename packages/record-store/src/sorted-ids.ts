/** A chunk is split in two when it grows beyond this. */
const chunkMax = 512;

/** Distinct ids in order of their code units. Adding and removing one moves no more than a chunk. */
export class SortedIds {
  /** No chunk is empty. */
  readonly #chunks: string[][] = [];

  add(id: string): void {
    const at = this.#chunkOf(id);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([id]);
      return;
    }
    const place = firstNotBelow(chunk, id);
    if (chunk[place] === id) return;
    chunk.splice(place, 0, id);
    if (chunk.length > chunkMax) this.#chunks.splice(at + 1, 0, chunk.splice(chunkMax / 2));
  }

  remove(id: string): void {
    const at = this.#chunkOf(id);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const place = firstNotBelow(chunk, id);
    if (chunk[place] !== id) return;
    chunk.splice(place, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** The ids that come after this one, in order. */
  *after(id: string): Generator<string> {
    const at = this.#chunkOf(id);
    const chunk = this.#chunks[at] ?? [];
    const place = firstNotBelow(chunk, id);
    yield* chunk.slice(chunk[place] === id ? place + 1 : place);
    for (let next = at + 1; next < this.#chunks.length; next += 1) yield* this.#chunks[next] ?? [];
  }

  /** The chunk that has the id, or would have it; the last one for what comes after everything. */
  #chunkOf(id: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.at(-1) ?? '') < id) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low);
  }
}

function firstNotBelow(ids: readonly string[], id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
