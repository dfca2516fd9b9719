import { randomBytes } from 'node:crypto';
import type { GuestBytes } from './write-guest-memory.ts';

/** A place in a guest's memory, by its physical address. */
interface GuestPlace {
  readonly address: number;
  readonly length: number;
}

const place = '[0-9a-f]{1,10}\\+[0-9a-f]{1,2}';
const places = new RegExp(`^${place}(?: ${place}){0,15}$`);
/**
 * What a guest writes to its serial port that knows how to become another instance, when it has booted, and where its kernel
 * has what no two instances may share: `ADDRESS+LENGTH`, in hexadecimal.
 */
const forkableLine = new RegExp(
  `bakehouse: can be forked, with secrets at (${place}(?: ${place}){0,15})[\\r\\n]`,
);

/** Where the secrets of the guest are that has written this; undefined when it cannot be forked. */
export function secretsIn(console: string): string | undefined {
  return forkableLine.exec(console)?.[1];
}

export function areSecrets(text: unknown): text is string {
  return typeof text === 'string' && places.test(text);
}

/** Random bytes for each place. A guest can only name places in its own memory, and few. */
export function freshSecrets(secrets: string): readonly GuestBytes[] {
  return secrets.split(' ').map((text) => {
    const { address, length } = placeIn(text);
    return { address, bytes: randomBytes(length) };
  });
}

function placeIn(text: string): GuestPlace {
  const [address = '', length = ''] = text.split('+');
  return { address: Number.parseInt(address, 16), length: Number.parseInt(length, 16) };
}
