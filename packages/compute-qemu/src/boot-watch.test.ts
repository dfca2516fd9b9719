import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, silentLogger } from '@bakehouse/base';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BootWatch, readMachineBoot } from './boot-watch.ts';
import { machineFileNames } from './machine-files.ts';

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

/** A machine's folder with what an earlier start wrote to its console. */
async function watched() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-boot-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const serial = join(folder, machineFileNames.serial);
  await writeFile(serial, 'of the start before\n');
  const clock = new SteppedClock();
  const watch = await BootWatch.begin({ folder, generation: 3, clock, logger: silentLogger });
  const spawnedAt = clock.now();
  clock.advance(40);
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
  return { folder, serial, clock, watch, spawnedAt, lookUntil };
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

test.each(['', '{', '{"version":2}', '{"version":1,"generation":"3","arrivals":[]}'])(
  'a file that is not a record (%s) is none',
  async (text) => {
    const { folder, watch } = await watched();
    watch.stop();
    await writeFile(join(folder, machineFileNames.boot), text);
    expect(await readMachineBoot(folder)).toBeUndefined();
  },
);
