import { blockSizeBytes } from '../../src/format/block-size.ts';

/**
 * What the store in `fixtures/format-1` holds. It was made by the last program that wrote format 1, from these
 * blocks: each is its word, then noise that the word determines, then zeros.
 */
export function blockOfWord(word: string): Buffer {
  const block = Buffer.alloc(blockSizeBytes);
  block.write(word);
  let state = Buffer.from(word).reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7);
  for (let at = 64; at < 1064; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    block.writeUInt32LE(state, at);
  }
  return block;
}

/** Blocks by index; blocks that are not listed are zeros. */
export type FixtureMap = Readonly<{
  sizeBytes: number;
  blocks: Readonly<Record<number, string>>;
}>;

const first = { 0: 'boot', 1: 'root', 2: 'root', 63: 'edge', 64: 'next', 500: 'far', 2047: 'end' };

export const fixtureMaps = {
  /** A disk of 1 GiB. */
  'map-00000000000000001': { sizeBytes: 2048 * blockSizeBytes, blocks: first },
  /** Captured on the first: a block changed, one zeroed, one added. */
  'map-00000000000000002': {
    sizeBytes: 2048 * blockSizeBytes,
    blocks: {
      0: 'boot',
      2: 'root',
      63: 'edge',
      64: 'changed',
      65: 'added',
      500: 'far',
      2047: 'end',
    },
  },
  /** Nothing but zeros, and an end within a block. */
  'map-00000000000000003': { sizeBytes: 1_000_000, blocks: {} },
  /** Captured on the second after the disk grew to 3 TiB. */
  'map-00000000000000004': {
    sizeBytes: 6_291_456 * blockSizeBytes,
    blocks: {
      0: 'boot',
      2: 'root',
      63: 'edge',
      64: 'changed',
      65: 'added',
      500: 'far',
      2047: 'end',
      3000000: 'grown',
      6291455: 'last',
    },
  },
} as const satisfies Record<string, FixtureMap>;
