import { execFile } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB } from '@bakehouse/base';
import { connectBlockStore } from '@bakehouse/blockstore';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import { benchVolumes } from './bench-volumes.ts';
import { median, type Row, seconds, verdict } from './row.ts';

const run = promisify(execFile);
const rounds = 5;
const readsPerRound = 20;
/** A hot file is a raw file: what is missing to 1 is the spread of the runs. */
const goalRatio = 0.8;

/** What a hot file is compared with: each is read whole by `qemu-img bench`, from the page cache. */
interface Rivals {
  readonly hot: string;
  readonly raw: string;
  readonly qemuNbd: string;
  readonly store: string;
}

/** Sequential reads of 1 MiB, 8 at once, of an image as QEMU opens it; MiB for each second. */
async function rateOf(image: string, diskMiB: number): Promise<number> {
  const count = diskMiB * readsPerRound;
  const shape = ['-c', String(count), '-d', '8', '-s', '1M', '-S', '1M'];
  const begun = performance.now();
  await run('qemu-img', ['bench', '-f', 'raw', ...shape, image]);
  return count / ((performance.now() - begun) / 1000);
}

async function medianRates(rivals: Rivals, diskMiB: number): Promise<Record<keyof Rivals, number>> {
  const names = Object.keys(rivals) as (keyof Rivals)[];
  const rates = new Map<keyof Rivals, number[]>(names.map((name) => [name, []]));
  for (const name of names) await rateOf(rivals[name], diskMiB);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) rates.get(name)?.push(await rateOf(rivals[name], diskMiB));
  }
  const of = (name: keyof Rivals) => median(rates.get(name) ?? []);
  return { hot: of('hot'), raw: of('raw'), qemuNbd: of('qemuNbd'), store: of('store') };
}

export interface HotBench {
  readonly folder: string;
  /** The disk that was captured into the map. */
  readonly disk: string;
  readonly diskMiB: number;
  readonly mapId: BlockMapId;
  readonly controlSocket: string;
  readonly nbdSocket: string;
  readonly qemuNbdUri: string;
}

/** c) Making a hot map of the disk that the block server has, and reading it against the ways around it. */
export async function hotReads(bench: HotBench): Promise<readonly Row[]> {
  const { folder, diskMiB, mapId, nbdSocket } = bench;
  await mkdir(join(folder, 'volumes'), { recursive: true });
  const volumes = benchVolumes(
    folder,
    connectBlockStore({ socketPath: bench.controlSocket }),
    nbdSocket,
  );
  const begun = performance.now();
  await volumes.hot.make(mapId, { signal: new AbortController().signal });
  const madeMs = performance.now() - begun;
  const volumeId: VolumeId = 'vol-00000000000000001';
  await volumes.create({ volumeId, sizeBytes: diskMiB * MiB, originMapId: mapId });
  const [origin] = await volumes.blockdevChain({ volumeId, readOnly: true });
  if (origin?.driver !== 'file') throw new Error('the volume has no hot file');
  const hot = String(origin.filename);
  await assertSame(hot, bench.disk);
  const rates = await medianRates(
    {
      hot,
      raw: bench.disk,
      qemuNbd: bench.qemuNbdUri,
      store: `nbd+unix:///${mapId}?socket=${nbdSocket}`,
    },
    diskMiB,
  );
  return rowsOf({ rates, madeMs, diskMiB });
}

/** A fast read of something else would prove nothing. */
async function assertSame(hot: string, disk: string): Promise<void> {
  const [ours, theirs] = await Promise.all([open(hot), open(disk)]);
  const same = (await ours.readFile()).equals(await theirs.readFile());
  await Promise.all([ours.close(), theirs.close()]);
  if (!same) throw new Error(`${hot} differs from ${disk}`);
}

function rowsOf({
  rates,
  madeMs,
  diskMiB,
}: {
  readonly rates: Record<keyof Rivals, number>;
  readonly madeMs: number;
  readonly diskMiB: number;
}): readonly Row[] {
  const row = (rival: 'raw' | 'qemuNbd' | 'store', name: string): Row => {
    const ratio = rates.hot / rates[rival];
    const isGoal = rival === 'raw';
    return {
      what: `c) reads of a hot file, 1 MiB sequential, depth 8, rate / ${name}`,
      measured: `${ratio.toFixed(2)} (${Math.round(rates.hot)} / ${Math.round(rates[rival])} MiB/s)`,
      against: isGoal ? `≥ ${goalRatio}` : '',
      verdict: isGoal ? verdict(ratio >= goalRatio) : 'no goal',
      note: `qemu-img bench, from the page cache; medians of ${rounds}`,
    };
  };
  const madeRate = diskMiB / (madeMs / 1000);
  return [
    row('raw', 'a raw file'),
    row('qemuNbd', 'qemu-nbd on the raw file'),
    row('store', 'the export of the block server'),
    {
      what: `c) making a hot map of ${diskMiB} MiB of data that does not compress`,
      measured: `${seconds(madeMs)} (${Math.round(madeRate)} MiB/s)`,
      against: '',
      verdict: 'no goal',
      note: 'until it is on disk; half of the time is rest, which leaves the disk and the block server to guests',
    },
  ];
}
