import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB, silentLogger } from '@bakehouse/base';
import { openBlockStore } from '@bakehouse/blockstore';
import { allocatedBytes, makeDiskImage } from './disk-image.ts';
import { median, type Row, seconds, verdict } from './row.ts';

const run = promisify(execFile);
const rounds = 5;
const goalRatio = 0.6;

const inMiB = (bytes: number) => `${Math.round(bytes / MiB)} MiB`;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function convert(image: string, target: string): Promise<void> {
  const options = ['-c', '-O', 'qcow2', '-o', 'compression_type=zstd', '-m', '8', '-W'];
  await run('qemu-img', ['convert', ...options, image, target]);
  await run('sync', [target]);
}

/** Returns the bytes that were stored. */
async function capture(image: string, directory: string): Promise<number> {
  await using engine = await openBlockStore({ directory, logger: silentLogger });
  const source = { kind: 'file', path: image } as const;
  return (await engine.capture({ mapId: 'map-00000000000000001', source })).addedBytes;
}

/**
 * a) First snapshot of an image against qemu-img's compressed copy of it: the same file in the page cache, turn by
 * turn, both until the bytes are on disk. The ratio is the median of the turns', as other work on the machine meets
 * both sides of a turn.
 */
export async function firstSnapshot(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  const image = await makeDiskImage(folder, 8);
  const ours: number[] = [];
  const theirs: number[] = [];
  let storedBytes = 0;
  const [copy, store] = [join(folder, 'out.qcow2'), join(folder, 'store')];
  for (let round = 0; round < rounds; round += 1) {
    await rm(copy, { force: true });
    await rm(store, { recursive: true, force: true });
    theirs.push(await timed(() => convert(image, copy)));
    ours.push(
      await timed(async () => {
        storedBytes = await capture(image, store);
      }),
    );
  }
  const copyBytes = await allocatedBytes(copy);
  const bytes = await allocatedBytes(image);
  await rm(folder, { recursive: true });
  const ratio = median(ours.map((each, round) => each / (theirs[round] ?? each)));
  return [
    {
      what: 'a) first snapshot of an image, time / qemu-img convert (zstd, -m 8 -W)',
      measured: `${ratio.toFixed(2)} (${seconds(median(ours))} / ${seconds(median(theirs))})`,
      against: `≤ ${goalRatio.toFixed(1)}`,
      verdict: verdict(ratio <= goalRatio),
      note: `${inMiB(bytes)} of data in 8 GiB; medians of ${rounds}; stored ${inMiB(storedBytes)} against ${inMiB(copyBytes)}; ours also hashes (SHA-256) and deduplicates`,
    },
  ];
}
