import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { indexValues, type KeyPair, regionOf } from '@bakehouse/domain';
import { toColumn } from '@bakehouse/record-store';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqliteMetadataStore } from '../src/index.ts';

const rounds = 8;
const writer = new URL('acknowledging-writer.ts', import.meta.url).pathname;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-metadata-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what was acknowledged before a SIGKILL is kept, whole, and the index agrees', async () => {
  const path = join(folder, 'metadata.sqlite');
  const acknowledged = new Set<number>();
  for (let round = 0; round < rounds; round += 1) {
    const from = round * 1_000_000;
    // Killed after so many acknowledgements, whatever the writer is doing at that moment.
    const sequences = await writeUntilKilled(path, from, 1 + Math.floor(Math.random() * 400));
    for (const sequence of sequences) acknowledged.add(sequence);
    await expectAllKept(path, acknowledged);
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(rounds);
});

async function writeUntilKilled(path: string, from: number, count: number): Promise<number[]> {
  const child = spawn(process.execPath, [writer, path, String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const sequences: number[] = [];
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    sequences.push(Number(line));
    if (sequences.length === count) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return sequences;
}

async function expectAllKept(path: string, acknowledged: ReadonlySet<number>): Promise<void> {
  const store = await openSqliteMetadataStore({ path });
  const keyPairs = await store.read((tx) => tx.list('keyPair'));
  await store.close();
  const ids = new Set<string>(keyPairs.map(({ id }) => id));
  const lost = [...acknowledged].filter((sequence) => !ids.has(`key-${sequence}-right`));
  expect(lost).toEqual([]);
  // Unacknowledged writes may be kept too, but none in part.
  const halves = keyPairs.filter(({ id }) => id.endsWith('-left'));
  for (const { id } of halves) expect(ids).toContain(id.replace('left', 'right'));
  expect(storedIndex(path).join('\n') === expectedIndex(keyPairs).join('\n')).toBe(true);
}

function storedIndex(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('SELECT kind, region, name, value, id FROM record_index').all();
  database.close();
  return rows.map((row) => Object.values(row).join('|')).sort();
}

function expectedIndex(keyPairs: readonly KeyPair[]): readonly string[] {
  const rows = keyPairs.flatMap((keyPair) =>
    indexValues('keyPair', keyPair).map(([name, value]) =>
      ['keyPair', regionOf(keyPair), name, toColumn(value), keyPair.id].join('|'),
    ),
  );
  return rows.sort();
}
