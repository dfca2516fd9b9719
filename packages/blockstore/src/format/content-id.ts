/** The name of a chunk or a page: the SHA-256 of its bytes. 32 bytes in memory, 64 hex digits in messages. */
export const contentIdBytes = 32;

/** The id's hex digits, for messages. `ids` may hold many; `position` counts ids. */
export function contentIdHex(ids: Uint8Array, position = 0): string {
  const start = ids.byteOffset + position * contentIdBytes;
  return Buffer.from(ids.buffer, start, contentIdBytes).toString('hex');
}

/** A view of one id in an array of ids. */
export function contentIdAt(ids: Uint8Array, position: number): Uint8Array {
  return ids.subarray(position * contentIdBytes, (position + 1) * contentIdBytes);
}

/** The id as the key of a Map: half the size of its hex digits. */
export function contentKey(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, contentIdBytes).toString('latin1');
}

/** The id that `contentKey` made a key of. */
export function idOfKey(key: string): Uint8Array {
  return Buffer.from(key, 'latin1');
}

export function isSameId(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}
