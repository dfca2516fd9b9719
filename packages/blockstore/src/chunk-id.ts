/** A chunk's name is the SHA-256 of its raw bytes: 32 bytes in memory, 64 hex digits for people. */
export const chunkIdBytes = 32;

/** The id's hex digits, as in messages and keys. `ids` may hold many; `position` counts ids. */
export function chunkIdHex(ids: Uint8Array, position = 0): string {
  const start = position * chunkIdBytes;
  return Buffer.from(ids.buffer, ids.byteOffset + start, chunkIdBytes).toString('hex');
}

/** A view of one id in an array of ids. */
export function chunkIdAt(ids: Uint8Array, position: number): Uint8Array {
  return ids.subarray(position * chunkIdBytes, (position + 1) * chunkIdBytes);
}
