import fc from 'fast-check';

/** How to cut a stream: the lengths of its pieces, repeated as needed. */
export const pieceLengths = fc.array(fc.integer({ min: 1, max: 64 }), {
  minLength: 1,
  maxLength: 10,
});

/** The bytes in pieces of these lengths, each in memory of its own. */
export function* inPieces(bytes: Buffer, lengths: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield Buffer.from(bytes.subarray(at, at + length));
    at += length;
  }
}
