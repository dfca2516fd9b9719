import { randomBytes } from 'node:crypto';
import type { ResourceId } from './resource-id.ts';

/** Where new names come from; seeded in simulation. */
export interface IdSource {
  /** A new resource id: 17 random hex digits behind the prefix. Never returns the same id twice. */
  resource<Prefix extends string>(prefix: Prefix): ResourceId<Prefix>;
  /** A random UUID (version 4), for request ids. */
  uuid(): string;
  /** `count` random bytes. Not a key source: keys are made with node:crypto where they are used. */
  bytes(count: number): Uint8Array;
}

const hexDigits = 17;

/** Ids from a source of random bytes. */
export function idSourceFrom(bytes: (count: number) => Uint8Array): IdSource {
  const hex = (count: number) => {
    const { buffer, byteOffset, byteLength } = bytes(Math.ceil(count / 2));
    return Buffer.from(buffer, byteOffset, byteLength).toString('hex');
  };
  return {
    bytes,
    resource: (prefix) => `${prefix}-0${hex(hexDigits - 1)}`,
    uuid() {
      const text = hex(32);
      const variant = '89ab'[Number.parseInt(text[16] ?? '0', 16) % 4];
      return [
        text.slice(0, 8),
        text.slice(8, 12),
        `4${text.slice(13, 16)}`,
        `${variant}${text.slice(17, 20)}`,
        text.slice(20, 32),
      ].join('-');
    },
  };
}

const poolBytes = 4096;

/** The system's random bytes, asked for many at a time, for each asking is slow. None is handed out twice. */
function pooledRandomBytes(): (count: number) => Uint8Array {
  let pool = randomBytes(poolBytes);
  let used = 0;
  return (count) => {
    if (count > poolBytes) return randomBytes(count);
    if (used + count > poolBytes) {
      pool = randomBytes(poolBytes);
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  };
}

export const randomIds: IdSource = idSourceFrom(pooledRandomBytes());
