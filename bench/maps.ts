import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GiB, MiB, silentLogger } from '@bakehouse/base';
import { type BlockStore, blockSizeBytes, openBlockStore } from '@bakehouse/blockstore';
import { addFullMap } from '@bakehouse/blockstore/testing';
import type { BlockMapId, BlockSource } from '@bakehouse/domain';
import { median, millis, type Row, verdict } from './row.ts';

const run = promisify(execFile);
const sizesGiB = [8, 128, 1024] as const;
const changedBytes = 10 * MiB;
const changedBlocks = changedBytes / blockSizeBytes;
const paletteBlocks = 256;
const rounds = 9;
/** Making a full qcow2 image of 1 TiB and its snapshot take minutes. */
const rivalGiBMax = 128;
/** Of the cost in 1 TiB to that in 8 GiB; above 1 for noise. */
const goalRatio = 1.2;

const mapIdOf = (number: number): BlockMapId => `map-${number.toString(16).padStart(17, '0')}`;

/** Content that nothing else is equal to and that packs to half. */
const freshBlock = () => Buffer.from(randomBytes(blockSizeBytes / 2).toString('hex'), 'latin1');

/** A disk of which these blocks, evenly spread, have changed. */
function spreadSource(sizeBytes: number, blocks: readonly Uint8Array[]): BlockSource {
  const step = Math.floor(sizeBytes / blockSizeBytes / blocks.length) * blockSizeBytes;
  return {
    sizeBytes,
    async *changedRanges() {
      for (const [index] of blocks.entries()) {
        yield { offset: index * step, lengthBytes: blockSizeBytes };
      }
    },
    read: async (offset) => blocks[offset / step] ?? Buffer.alloc(blockSizeBytes),
    async close() {},
  };
}

/** A store with a full map of a disk of this size, and what its next capture reads. */
class FullDisk implements AsyncDisposable {
  readonly sizeBytes: number;
  readonly times: number[] = [];
  readonly cpuTimes: number[] = [];
  readonly #directory: string;
  #store: BlockStore | undefined;
  #source: BlockSource | undefined;
  #taken = 2;

  constructor(directory: string, sizeGiB: number) {
    this.#directory = directory;
    this.sizeBytes = sizeGiB * GiB;
  }

  async make(): Promise<void> {
    const palette = Array.from({ length: paletteBlocks }, freshBlock);
    await this.#open();
    this.#source = spreadSource(paletteBlocks * blockSizeBytes, palette);
    await this.#capture({ mapId: mapIdOf(1) });
    await this.#store?.close();
    const full = { mapId: mapIdOf(2), sizeBytes: this.sizeBytes, chunksOf: mapIdOf(1) };
    await addFullMap(this.#directory, full);
    await this.#open();
  }

  /** One snapshot of 10 MiB that changed since the one before. */
  async snapshot(): Promise<void> {
    const blocks = Array.from({ length: changedBlocks }, freshBlock);
    this.#source = spreadSource(this.sizeBytes, blocks);
    const baseMapId = mapIdOf(this.#taken);
    this.#taken += 1;
    const begun = performance.now();
    const cpuBefore = process.cpuUsage();
    await this.#capture({ mapId: mapIdOf(this.#taken), baseMapId });
    const { user, system } = process.cpuUsage(cpuBefore);
    this.cpuTimes.push((user + system) / 1000);
    this.times.push(performance.now() - begun);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store?.close();
  }

  async #open(): Promise<void> {
    const openSource = async () => {
      if (this.#source === undefined) throw new Error('nothing to capture');
      return this.#source;
    };
    const directory = this.#directory;
    this.#store = await openBlockStore({ directory, logger: silentLogger, openSource });
  }

  async #capture(maps: { readonly mapId: BlockMapId; readonly baseMapId?: BlockMapId }) {
    const nbd = { kind: 'nbd', socketPath: '', exportName: '', changedContext: '' } as const;
    await this.#store?.capture({ ...maps, source: nbd });
  }
}

/** Milliseconds of an internal snapshot of a qcow2 image whose clusters are all allocated (and sparse). */
async function qcow2Snapshot(folder: string, sizeGiB: number): Promise<number> {
  const path = join(folder, 'full.qcow2');
  const options = ['-q', '-f', 'qcow2', '-o', 'preallocation=metadata'];
  await run('qemu-img', ['create', ...options, path, `${sizeGiB}G`]);
  const begun = performance.now();
  await run('qemu-img', ['snapshot', '-c', 'first', path]);
  const ms = performance.now() - begun;
  await rm(path);
  return ms;
}

/**
 * k) A snapshot of 10 MiB that changed in a disk whose map is full, by size of the disk. The maps are made without
 * capturing them: each block has one of 256 chunks at random, so that no two pages are equal.
 */
export async function maps(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(folder, { recursive: true }));
  const disks = sizesGiB.map((size) =>
    opened.use(new FullDisk(join(folder, `store-${size}`), size)),
  );
  for (const disk of disks) await disk.make();
  // Turn by turn, so that other work on the machine meets all sizes. The first starts threads and reads pages.
  for (let round = 0; round <= rounds; round += 1) for (const disk of disks) await disk.snapshot();
  const rivals: string[] = [];
  for (const size of sizesGiB.filter((each) => each <= rivalGiBMax)) {
    rivals.push(`${millis(await qcow2Snapshot(folder, size))} (${size} GiB)`);
  }
  const cpu = disks.map(({ cpuTimes }) => median(cpuTimes.slice(1)));
  const wall = disks.map(({ times }) => median(times.slice(1)));
  const firsts = disks.map(({ times }) => times[0] ?? Number.NaN);
  const growth = (values: readonly number[]) => (values.at(-1) ?? Number.NaN) / (values[0] ?? 1);
  const list = (values: readonly number[]) => values.map(millis).join(', ');
  const sizes = sizesGiB.join(', ');
  return [
    {
      what: 'k) snapshot after 10 MiB changed in a full map of 1 TiB / of 8 GiB, CPU time',
      measured: `${growth(cpu).toFixed(2)} (${sizes} GiB: ${list(cpu)})`,
      against: `≤ ${goalRatio}`,
      verdict: verdict(growth(cpu) <= goalRatio),
      note: `all threads; medians of ${rounds}, turn by turn`,
    },
    {
      what: 'k) the same, time until it is durable',
      measured: `${growth(wall).toFixed(2)} (${sizes} GiB: ${list(wall)})`,
      against: `qemu-img snapshot of a full qcow2 image: ${rivals.join(', ')}`,
      verdict: 'no goal',
      note: `the first after the store was opened: ${list(firsts)}; the qcow2 images have preallocation=metadata and no data`,
    },
  ];
}
