import { appendFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Logger, MiB } from '@bakehouse/base';
import { noReads, type VolumeReads } from '@bakehouse/domain';
import { expect, onTestFinished, test, vi } from 'vitest';
import { mergedReads } from './boot-record.ts';
import { BootWatch, readMachineBoot } from './boot-watch.ts';
import { machineFileNames } from './machine-files.ts';
import { memoryUsedBecause } from './memory-use.ts';

/** Time that goes on only by `advance`. */
class SteppedClock implements Clock {
  #time = 0;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  now = () => 1_795_980_355_000 + this.#time;
  elapsed = () => this.#time;

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ until: this.#time + durationMs, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  advance(durationMs: number): void {
    this.#time += durationMs;
    const sleepers = this.#sleepers;
    this.#sleepers = sleepers.filter(({ until }) => until > this.#time);
    for (const { until, wake } of sleepers) if (until <= this.#time) wake();
  }
}

const disks = [
  { volumeId: 'vol-00000000000000001', backing: 'store' },
  { volumeId: 'vol-00000000000000002', backing: 'hot' },
] as const;

/** A machine's folder with what an earlier start wrote to its console. */
async function watched(memory?: Parameters<BootWatch['noteMemory']>[0]) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-boot-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const serial = join(folder, machineFileNames.serial);
  await writeFile(serial, 'of the start before\n');
  const clock = new SteppedClock();
  const seen: { reads: VolumeReads[]; asked: Set<string>; fault?: Error } = {
    reads: [],
    asked: new Set(),
  };
  const logged: string[] = [];
  const logger: Logger = { log: (_, message) => logged.push(message), with: () => logger };
  const watch = await BootWatch.begin({
    folder,
    generation: 3,
    disks,
    reads: {
      async ofVolumes(volumeIds) {
        for (const volumeId of volumeIds) seen.asked.add(volumeId);
        if (seen.fault) throw seen.fault;
        return seen.reads;
      },
    },
    clock,
    logger,
  });
  const spawnedAt = clock.now();
  clock.advance(40);
  if (memory) await watch.noteMemory(memory);
  watch.responded();
  onTestFinished(() => watch.stop());
  await vi.waitFor(async () => {
    clock.advance(1000);
    expect(await readMachineBoot(folder)).toBeDefined();
  });
  /** Lets the watch look and save. */
  const lookUntil = (check: (boot: Awaited<ReturnType<typeof readMachineBoot>>) => void) =>
    vi.waitFor(
      async () => {
        clock.advance(1000);
        check(await readMachineBoot(folder));
      },
      { timeout: 30_000 },
    );
  return { folder, serial, clock, watch, spawnedAt, lookUntil, seen, logged };
}

test('a start has its generation, its times and no console yet', async () => {
  const { folder, spawnedAt } = await watched();
  expect(await readMachineBoot(folder)).toMatchObject({
    generation: 3,
    spawnedAt,
    respondedAt: spawnedAt + 40,
    arrivals: [],
  });
});

test('what the guest writes is found with the time of the look, and counted from this start', async () => {
  const { serial, spawnedAt, lookUntil } = await watched();
  await appendFile(serial, 'Linux version 6\n');
  await lookUntil((boot) => {
    expect(boot?.arrivals.at(-1)?.bytes).toBe(16);
    expect(boot?.arrivals.at(-1)?.at).toBeGreaterThan(spawnedAt);
    expect(Buffer.from(boot?.console ?? []).toString()).toBe('Linux version 6\n');
  });
});

test('a log that was cut has no console of this start, and keeps the times', async () => {
  const { folder, serial, lookUntil } = await watched();
  await appendFile(serial, 'x'.repeat(100));
  await lookUntil((boot) => expect(boot?.arrivals).toHaveLength(1));
  await writeFile(serial, '');
  expect(await readMachineBoot(folder)).toMatchObject({ generation: 3, arrivals: [] });
  expect((await readMachineBoot(folder))?.console).toBeUndefined();
});

test('after a cut of the log what is read is still kept', async () => {
  const { serial, seen, spawnedAt, lookUntil, logged } = await watched();
  await appendFile(serial, 'x'.repeat(100));
  await lookUntil((boot) => expect(boot?.arrivals).toHaveLength(1));
  await writeFile(serial, '');
  const cut = expect.stringContaining('a console was cut');
  await lookUntil(() => expect(logged).toEqual([cut]));
  seen.reads = [readsSince(spawnedAt + 5, 1)];
  await lookUntil((boot) => expect(boot?.reads).toEqual(seen.reads));
  expect(logged).toEqual([cut]);
});

test('a block server that does not respond is logged once, until it responds', async () => {
  const { seen, spawnedAt, lookUntil, logged } = await watched();
  const failed = 'cannot count what a machine reads';
  for (const [index, reads] of [1, 2].entries()) {
    seen.fault = new Error('does not respond');
    await lookUntil(() => expect(logged).toHaveLength(index + 1));
    seen.asked.clear();
    await lookUntil(() => expect(seen.asked.size).toBe(1));
    delete seen.fault;
    seen.reads = [readsSince(spawnedAt + 5, reads)];
    await lookUntil((boot) => expect(boot?.reads).toEqual(seen.reads));
  }
  expect(logged).toEqual([failed, failed]);
});

/** So many reads of the first volume, since a moment after its start. */
const readsSince = (since: number, reads: number): VolumeReads => ({
  volumeId: disks[0].volumeId,
  mapId: 'map-00000000000000001',
  since,
  spans: [{ ...noReads, from: since, to: since + 100, reads }],
  total: { ...noReads, reads },
});

test('what volumes read through the block server is kept, also when that is started again', async () => {
  const { seen, spawnedAt, lookUntil } = await watched();
  const ofEarlierMachine = readsSince(spawnedAt - 1, 99);
  const first = readsSince(spawnedAt + 5, 1);
  seen.reads = [ofEarlierMachine, first];
  await lookUntil((boot) => expect(boot?.reads).toEqual([first]));
  const more = readsSince(spawnedAt + 5, 7);
  seen.reads = [more];
  await lookUntil((boot) => expect(boot?.reads).toEqual([more]));
  const again = readsSince(spawnedAt + 900, 2);
  seen.reads = [again];
  await lookUntil((boot) => {
    expect(boot?.reads).toEqual([more, again]);
    expect(boot?.disks).toEqual(disks);
  });
  expect([...seen.asked]).toEqual([disks[0].volumeId]);
});

test('a block server that is started over and over does not make the record grow', () => {
  const [first, ...later] = Array.from({ length: 40 }, (_, index) => readsSince(index, 1));
  const merged = later.reduce<readonly VolumeReads[]>(
    (all, next) => mergedReads(all, [next]),
    first ? [first] : [],
  );
  expect(merged.map(({ since }) => since)).toEqual(later.slice(-32).map(({ since }) => since));
});

test('a start from kept memory says when, and one that had to boot says why', async () => {
  const restored = await watched({});
  expect((await readMachineBoot(restored.folder))?.memory).toEqual({
    restoredAt: restored.spawnedAt + 40,
  });
  const booted = await watched({ bootedBecause: 'another QEMU' });
  expect((await readMachineBoot(booted.folder))?.memory).toEqual({ bootedBecause: 'another QEMU' });
  expect((await readMachineBoot((await watched()).folder))?.memory).toBeUndefined();
});

test('how a guest began is known also when nothing else of its start was saved', async () => {
  const { folder, watch, spawnedAt } = await watched({});
  watch.stop();
  const known = { generation: 3, spawnedAt, memory: { restoredAt: spawnedAt + 40 } };
  const boot = join(folder, machineFileNames.boot);
  const ofEarlierStart = { ...JSON.parse(await readFile(boot, 'utf8')), generation: 2 };
  await rm(boot);
  expect(await readMachineBoot(folder)).toMatchObject(known);
  const { memory: _, ...earlier } = { ...ofEarlierStart, spawnedAt: spawnedAt - 1 };
  await writeFile(boot, JSON.stringify(earlier));
  expect(await readMachineBoot(folder)).toMatchObject(known);
});

test('whose guest has begun does not go on from memory again, and says why', async () => {
  const { folder } = await watched({});
  const gone = 'it has gone on from the template before';
  expect(await memoryUsedBecause(folder)).toBe(gone);
  await writeFile(join(folder, machineFileNames.memoryUse), '{"version":2}');
  expect(await memoryUsedBecause(folder)).toBe(gone);
  const booted = await watched({ bootedBecause: 'another QEMU' });
  expect(await memoryUsedBecause(booted.folder)).toBe('another QEMU');
  expect(await memoryUsedBecause((await watched()).folder)).toBeUndefined();
});

test.each([
  '',
  '{',
  '{"version":2}',
  '{"version":1,"generation":"3","arrivals":[]}',
  '{"version":1,"generation":3,"spawnedAt":1,"respondedAt":1,"consoleFrom":0,"arrivals":[],"disks":[{}]}',
  '{"version":1,"generation":3,"spawnedAt":1,"respondedAt":1,"consoleFrom":0,"arrivals":[],"reads":[{"spans":[]}]}',
  '{"version":1,"generation":3,"spawnedAt":1,"respondedAt":1,"consoleFrom":0,"arrivals":[],"memory":{}}',
])('a file that is not a record (%s) is none', async (text) => {
  const { folder, watch } = await watched();
  watch.stop();
  await writeFile(join(folder, machineFileNames.boot), text);
  expect(await readMachineBoot(folder)).toBeUndefined();
});

test('a record that is too long, or no regular file, is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-boot-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, machineFileNames.boot);
  await writeFile(path, Buffer.alloc(MiB + 1, ' '));
  expect(await readMachineBoot(folder)).toBeUndefined();
  await rm(path);
  await symlink('/etc/passwd', path);
  expect(await readMachineBoot(folder)).toBeUndefined();
});
