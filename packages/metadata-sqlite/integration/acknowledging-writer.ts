import { writeSync } from 'node:fs';
import type { KeyPair } from '@bakehouse/domain';
import { openSqliteMetadataStore } from '../src/index.ts';

/**
 * Writes key pairs from many callers at once, in pairs that must stay together, and prints each sequence
 * number when its write was acknowledged. It is killed by the test that starts it.
 */
const [path = '', from = '0'] = process.argv.slice(2);
const store = await openSqliteMetadataStore({ path });
let next = Number(from);

async function caller(): Promise<never> {
  for (;;) {
    const sequence = next++;
    await store.write(async (tx) => {
      for (const half of ['left', 'right'] as const)
        await tx.put('keyPair', keyPair(sequence, half));
      // The record of eight writes ago changes what it is found by, and every third is deleted.
      const earlier = await tx.get('keyPair', `key-${sequence - 8}-left`);
      if (earlier) await tx.put('keyPair', { ...earlier, name: `renamed-${earlier.name}` });
      if (sequence % 3 === 0) await tx.delete('keyPair', `key-${sequence - 20}-left`);
    });
    writeSync(1, `${sequence}\n`);
  }
}

function keyPair(sequence: number, half: 'left' | 'right'): KeyPair {
  return {
    id: `key-${sequence}-${half}`,
    ownerId: '123456789012',
    region: 'us-east-1',
    tags: { sequence: `${sequence}`, padding: 'x'.repeat(sequence % 3_000) },
    createdAt: sequence,
    name: `${sequence}-${half}`,
    keyType: 'ed25519',
    fingerprint: '',
    publicKey: '',
  };
}

await Promise.all(Array.from({ length: 16 }, caller));
