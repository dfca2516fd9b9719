import type { TimestampMs } from '@bakehouse/base';
import type { BlockMapId, VolumeId } from '../records/index.ts';

/** Reads that machines asked of the block server. */
export interface ReadCounts {
  readonly reads: number;
  readonly bytes: number;
  /** Blocks with data that the volume had not read before; those beyond the first 128 GiB of a disk are not counted. */
  readonly newBlocks: number;
  /** Of `newBlocks`, those that read-ahead had fetched or was fetching. */
  readonly aheadBlocks: number;
  /** Reads of blocks that were not in memory. */
  readonly waits: number;
  /** How long these waited, in milliseconds: together, and the longest one. */
  readonly waitedMs: number;
  readonly longestMs: number;
}

export const noReads: ReadCounts = {
  reads: 0,
  bytes: 0,
  newBlocks: 0,
  aheadBlocks: 0,
  waits: 0,
  waitedMs: 0,
  longestMs: 0,
};

export function sumOfReads(all: readonly ReadCounts[]): ReadCounts {
  return all.reduce(
    (left, right) => ({
      reads: left.reads + right.reads,
      bytes: left.bytes + right.bytes,
      newBlocks: left.newBlocks + right.newBlocks,
      aheadBlocks: left.aheadBlocks + right.aheadBlocks,
      waits: left.waits + right.waits,
      waitedMs: left.waitedMs + right.waitedMs,
      longestMs: Math.max(left.longestMs, right.longestMs),
    }),
    noReads,
  );
}

/** What was read after `from`, up to `to`. */
export interface ReadSpan extends ReadCounts {
  readonly from: TimestampMs;
  readonly to: TimestampMs;
}

/** The most spans that are kept of a volume: they get longer instead. */
export const readSpansMax = 128;

/** What one machine read of one volume's map. */
export interface VolumeReads {
  readonly volumeId: VolumeId;
  readonly mapId: BlockMapId;
  /** When the volume was opened. A block server that is started again begins to count again. */
  readonly since: TimestampMs;
  /** The reads of the first minutes by time, in order; spans without reads are left out. */
  readonly spans: readonly ReadSpan[];
  /** All reads, also those after the last span. */
  readonly total: ReadCounts;
}

/** What machines read of one map, since the block server was started. */
export interface MapReads {
  readonly mapId: BlockMapId;
  readonly total: ReadCounts;
}

/** What the block server counts. Nothing is kept when it ends. Rejects with BlockStoreUnreachableError. */
export interface ReadReporter {
  /** Those of these volumes that were opened lately; the block server knows the last 512. */
  ofVolumes(volumeIds: readonly VolumeId[]): Promise<readonly VolumeReads[]>;
  /** The maps that were opened last, 512 at most. */
  ofMaps(): Promise<readonly MapReads[]>;
}
