import { execFile } from 'node:child_process';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { silentLogger, systemClock } from '@bakehouse/base';
import {
  type BlockStore,
  blockSizeBytes,
  FolderFiles,
  GuestReads,
  openBlockStore,
  type StoreFiles,
} from '@bakehouse/blockstore';
import type { BlockMapId, ReadCounts } from '@bakehouse/domain';
import { median, millis, type Row, verdict } from './row.ts';

const run = promisify(execFile);
const rounds = 5;
const mapId: BlockMapId = 'map-00000000000000001';
/** What a boot of Bakehouse Linux reads. */
const bootBlocks = 150;
const diskBlocks = 190;
/** Between two blocks that the guest reads for the first time: a boot in 2 s, where it takes 20. */
const computeMs = 10;
const latencyMs = 30;

/** Files lie anywhere on a disk: neighbours in time are not neighbours in place. */
const bootOrder = Array.from({ length: bootBlocks }, (_, at) => (at * 77) % bootBlocks);
/** A guest of the same map that runs another system. */
const otherOrder = bootOrder.toReversed();

interface Guest {
  readonly order: readonly number[];
  readonly readsAhead: boolean;
  /** How long the store's files take to respond. */
  readonly latencyMs: number;
}

interface Boot {
  readonly tookMs: number;
  readonly cpuMs: number;
  readonly counts: ReadCounts;
}

/** Programs, which compress as an image does. */
async function writeDisk(path: string): Promise<void> {
  await using from = await open(process.execPath);
  await using to = await open(path, 'w');
  const block = Buffer.alloc(blockSizeBytes);
  const { size } = await from.stat();
  for (let index = 0; index < diskBlocks; index += 1) {
    await from.read(block, 0, block.length, (index * block.length) % (size - block.length));
    // Each block is one of its own, also where the program is shorter than the disk.
    block.writeUInt32BE(index, 0);
    await to.write(block);
  }
}

function filesOf(directory: string, waitMs: number): StoreFiles {
  const files = new FolderFiles(directory, join(directory, 'tmp'));
  const { readInto } = files;
  return Object.assign(files, {
    async readInto(...args: Parameters<StoreFiles['readInto']>) {
      if (waitMs > 0 && args[0].startsWith('segments/')) await delay(waitMs);
      return await readInto.apply(files, args);
    },
  });
}

const storeIn = (directory: string, waitMs = 0): Promise<BlockStore> =>
  openBlockStore({
    directory,
    files: filesOf(directory, waitMs),
    segmentBytesMax: 2 * 1024 * 1024,
    logger: silentLogger,
  });

/** The next reads of the store's files come from the disk. */
async function dropPageCache(directory: string): Promise<void> {
  for (const name of await readdir(join(directory, 'segments'))) {
    const path = join(directory, 'segments', name);
    await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}

async function bootGuest(store: BlockStore, { order, readsAhead }: Guest): Promise<Boot> {
  const map = await store.openMap(mapId);
  // Starts the threads, outside of what the guest reads.
  await map.readBlock(diskBlocks - 1);
  const reads = new GuestReads({ orders: store.orders, clock: systemClock, readsAhead });
  const volume = { mapId, volumeId: 'vol-00000000000000001' } as const;
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const { reader, release } = await reads.open(volume, map);
  for (const block of order) {
    await delay(computeMs);
    const asked = performance.now();
    if (reader.peekBlock(block) === 'not-cached') {
      await reader.readBlock(block);
      reader.served(blockSizeBytes, performance.now() - asked);
    } else reader.served(blockSizeBytes);
  }
  const tookMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const counts = reader.reads().total;
  release();
  await reads.close();
  return { tookMs, cpuMs: (user + system) / 1000, counts };
}

/** Boots with everything cold, and leaves the recorded order as it is. */
async function coldBoot(directory: string, guest: Guest): Promise<Boot> {
  await dropPageCache(directory);
  await using store = await storeIn(directory, guest.latencyMs);
  const before = await store.orders.find(mapId);
  const boot = await bootGuest(store, guest);
  if (before) await store.orders.keep(mapId, before);
  return boot;
}

interface Pair {
  readonly without: Boot;
  readonly with: Boot;
}

/** The median of each figure. */
function medianOf(boots: readonly Boot[]): Boot {
  const of = (figure: (boot: Boot) => number) => median(boots.map(figure));
  const [first] = boots;
  if (first === undefined) throw new Error('no boots');
  const waitedMs = of(({ counts }) => counts.waitedMs);
  const aheadBlocks = of(({ counts }) => counts.aheadBlocks);
  return {
    tookMs: of(({ tookMs }) => tookMs),
    cpuMs: of(({ cpuMs }) => cpuMs),
    counts: { ...first.counts, waitedMs, aheadBlocks },
  };
}

/** Turn by turn. */
async function compare(directory: string, guest: Omit<Guest, 'readsAhead'>): Promise<Pair> {
  const boots: { without: Boot[]; with: Boot[] } = { without: [], with: [] };
  for (let round = 0; round < rounds; round += 1) {
    boots.without.push(await coldBoot(directory, { ...guest, readsAhead: false }));
    boots.with.push(await coldBoot(directory, { ...guest, readsAhead: true }));
  }
  return { without: medianOf(boots.without), with: medianOf(boots.with) };
}

const beside = (pair: Pair, figure: (boot: Boot) => number) =>
  `${(figure(pair.with) / figure(pair.without)).toFixed(2)} (${millis(figure(pair.with))} / ${millis(figure(pair.without))})`;

interface Held {
  readonly what: string;
  readonly figure: (boot: Boot) => number;
  readonly ratioMax: number;
  readonly note: string;
}

function heldRow(pair: Pair, { what, figure, ratioMax, note }: Held): Row {
  const ratio = figure(pair.with) / figure(pair.without);
  return {
    what: `c) ${what}, with read-ahead / without`,
    measured: beside(pair, figure),
    against: `≤ ${ratioMax}`,
    verdict: verdict(ratio <= ratioMax),
    note,
  };
}

const waited = ({ counts }: Boot) => counts.waitedMs;
const took = ({ tookMs }: Boot) => tookMs;
const cpu = ({ cpuMs }: Boot) => cpuMs;

/** c) What a boot waits for blocks that are not in memory, with and without read-ahead in the order of the first boot. */
export async function readAhead(folder: string): Promise<readonly Row[]> {
  const directory = join(folder, 'ahead');
  const disk = join(folder, 'programs.raw');
  await writeDisk(disk);
  {
    await using store = await storeIn(directory);
    await store.capture({ mapId, source: { kind: 'file', path: disk } });
    await bootGuest(store, { order: bootOrder, readsAhead: false, latencyMs: 0 });
  }
  const local = await compare(directory, { order: bootOrder, latencyMs: 0 });
  const remote = await compare(directory, { order: bootOrder, latencyMs });
  const departing = await compare(directory, { order: otherOrder, latencyMs: 0 });
  const hits = (pair: Pair) => `${pair.with.counts.aheadBlocks} of ${bootBlocks} blocks read ahead`;
  const common = `medians of ${rounds}, turn by turn; cold caches; a guest that computes ${computeMs} ms between new blocks`;
  return [
    heldRow(local, {
      what: 'waits of a boot for blocks of a local disk',
      figure: waited,
      ratioMax: 0.5,
      note: `${hits(local)}; ${common}`,
    }),
    heldRow(local, {
      what: 'CPU time of such a boot in the block server',
      figure: cpu,
      ratioMax: 1.1,
      note: 'the same blocks are unpacked, earlier',
    }),
    heldRow(remote, {
      what: `waits of a boot for blocks that take ${latencyMs} ms to come`,
      figure: waited,
      ratioMax: 0.25,
      note: hits(remote),
    }),
    heldRow(departing, {
      what: 'time of a boot that reads the blocks in another order',
      figure: took,
      ratioMax: 1.05,
      note: 'read-ahead stops when the guest departs',
    }),
    heldRow(departing, {
      what: 'CPU time of that boot in the block server',
      figure: cpu,
      ratioMax: 1.1,
      note: hits(departing),
    }),
  ];
}
