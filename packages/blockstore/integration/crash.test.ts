import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { silentLogger } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blockSizeBytes } from '../src/format/block-size.ts';
import { openBlockStore } from '../src/open-block-store.ts';

const rounds = 8;
const blockCount = 24;
let folder = '';
const disks: Buffer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstore-crash-'));
  const common = randomBytes((blockCount / 2) * blockSizeBytes);
  for (let generation = 0; generation < 4; generation += 1) {
    const own = randomBytes((blockCount / 2) * blockSizeBytes);
    const disk = Buffer.concat([common, own]);
    await writeFile(join(folder, `disk.${generation}`), disk);
    disks.push(disk);
  }
});

afterAll(() => rm(folder, { recursive: true }));

interface Life {
  readonly committed: Set<number>;
  /** Asked to be removed: may exist or not. */
  readonly removing: Set<number>;
  lastGeneration: number;
}

/** Lets the process work until it has said `lines` lines and a random moment more, then kills it. */
async function liveAndDie(store: string, life: Life, lines: number): Promise<void> {
  const program = join(import.meta.dirname, 'support', 'store-process.ts');
  const child = spawn(
    process.execPath,
    [program, store, join(folder, 'disk'), String(life.lastGeneration + 1)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    note(life, line);
    heard += 1;
    if (heard === lines) killSoon(child);
  }
  await exited;
  expect(child.signalCode).toBe('SIGKILL');
}

function note(life: Life, line: string): void {
  const [what, text] = line.split(' ');
  const generation = Number(text);
  if (what === 'captured') {
    life.committed.add(generation);
    life.lastGeneration = generation;
  }
  if (what === 'removing') life.removing.add(generation);
}

/** Somewhere within the work that follows: not waiting for anything, but dying at no chosen moment. */
function killSoon(child: ChildProcess): void {
  setTimeout(() => child.kill('SIGKILL'), randomInt(150));
}

test('whatever moment it is killed at, every committed map is there and whole, and nothing leaks', async () => {
  const store = join(folder, 'store');
  const life: Life = { committed: new Set(), removing: new Set(), lastGeneration: 0 };
  for (let round = 0; round < rounds; round += 1) {
    await liveAndDie(store, life, 1 + randomInt(6));
    await using engine = await openBlockStore({
      directory: store,
      logger: silentLogger,
      segmentBytesMax: 4 * 1024 * 1024,
      threadCount: 1,
    });
    const there = new Set(await engine.list());
    for (const generation of life.committed) {
      if (!life.removing.has(generation)) expect(there).toContain(`map-${generation}`);
    }
    for (const mapId of there) {
      const reader = await engine.openMap(mapId);
      const bytes = await reader.read(0, reader.sizeBytes);
      expect(disks[Number(mapId.slice(4)) % 4]?.equals(bytes)).toBe(true);
      life.lastGeneration = Math.max(life.lastGeneration, Number(mapId.slice(4)));
    }
    expect((await engine.verify()).problems).toEqual([]);
    expect(await engine.unfinishedFiles()).toEqual([]);
    await engine.prune(new Set());
    expect((await engine.usage()).reclaimableBytes).toBe(0);
    expect((await engine.usage()).onDiskBytes).toBe(await fileBytes(store));
  }
  console.log(`${rounds} kills, ${life.committed.size} captures committed`);
});

test('a store is free again the moment its owner is killed, and names a living one', async () => {
  const store = join(folder, 'owned');
  const program = join(import.meta.dirname, 'support', 'store-process.ts');
  const child = spawn(process.execPath, [program, store, join(folder, 'disk')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const open = () => openBlockStore({ directory: store, logger: silentLogger });
  await expect(open()).rejects.toMatchObject({ name: 'StoreLockedError', pid: child.pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await open()).close();
});

test('a torn end is cut off and a lost index is made again', async () => {
  const store = join(folder, 'torn');
  const open = () =>
    openBlockStore({ directory: store, logger: silentLogger, segmentBytesMax: 4 * 1024 * 1024 });
  const mapId: BlockMapId = 'map-1';
  {
    await using engine = await open();
    await engine.capture({ mapId, source: { kind: 'file', path: join(folder, 'disk.1') } });
  }
  // Opening seals what one append filled beyond a segment's size.
  await (await open()).close();
  const names = (await readdir(join(store, 'segments'))).sort();
  const indexes = names.filter((name) => name.endsWith('.idx'));
  expect(indexes).not.toEqual([]);
  for (const name of indexes) await rm(join(store, 'segments', name));
  const last = join(store, 'segments', names.findLast((name) => name.endsWith('.seg')) ?? '');
  const whole = await readFile(last);
  await writeFile(last, Buffer.concat([whole, Buffer.from('BHCK torn')]));
  await using engine = await open();
  expect(await readFile(last)).toEqual(whole);
  expect(await readdir(join(store, 'segments'))).toEqual(expect.arrayContaining(indexes));
  expect((await engine.verify()).problems).toEqual([]);
  const reader = await engine.openMap(mapId);
  expect(disks[1]?.equals(await reader.read(0, reader.sizeBytes))).toBe(true);
});

async function fileBytes(directory: string): Promise<number> {
  let total = 0;
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    total += (await readFile(join(entry.parentPath, entry.name))).length;
  }
  return total;
}
