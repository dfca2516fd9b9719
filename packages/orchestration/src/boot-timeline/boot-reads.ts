import type { TimestampMs } from '@bakehouse/base';
import {
  type BlockMapId,
  type MachineBoot,
  type ReadCounts,
  type ReadSpan,
  type StartedDisk,
  sumOfReads,
  type VolumeReads,
} from '@bakehouse/domain';

/** A volume of a start, and what its machine read of its map. */
export interface DiskReads extends StartedDisk {
  readonly mapId?: BlockMapId;
  /** In the first minutes. Absent: no read goes through the block server, or it could not be asked. */
  readonly reads?: ReadCounts;
}

/** What was fetched before a login was possible. */
export interface LoginReads {
  /** The stage that is taken for it. */
  readonly stage: string;
  /** Up to that moment. */
  readonly reads: ReadCounts;
  /** Blocks that the maps of the volumes have. Absent when that is not known. */
  readonly mapBlocks?: number;
}

export interface BootReads {
  readonly disks: readonly DiskReads[];
  /** For each event, what was read since the event before it. Empty when nothing is known of reads. */
  readonly byEvent: readonly ReadCounts[];
  /** What was read after the last event. */
  readonly later?: ReadCounts;
  readonly login?: LoginReads;
}

interface Moment {
  readonly name: string;
  readonly at: TimestampMs;
}

/** Each of them lets a user in; the first one that is known is taken. */
const loginStages = ['sshd', 'login prompt', 'cloud-init: finished'];

const middleOf = ({ from, to }: ReadSpan) => (from + to) / 2;

/** The reads of a span belong to the stage in which its middle is. `moments` are in order. */
export function bootReads(
  { disks = [], reads = [] }: Pick<MachineBoot, 'disks' | 'reads'>,
  moments: readonly Moment[],
  mapBlocks: ReadonlyMap<BlockMapId, number>,
): BootReads {
  const ofDisks = disks.map((disk) => diskReads(disk, reads));
  if (reads.length === 0) return { disks: ofDisks, byEvent: [] };
  const spans = reads.flatMap((each) => each.spans);
  const between = (after: TimestampMs, until: TimestampMs) =>
    sumOfReads(spans.filter((span) => middleOf(span) > after && middleOf(span) <= until));
  const byEvent = moments.map(({ at }, index) =>
    between(moments[index - 1]?.at ?? Number.NEGATIVE_INFINITY, at),
  );
  const end = moments.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  const login = loginStages.flatMap((stage) => moments.find(({ name }) => name === stage) ?? [])[0];
  return {
    disks: ofDisks,
    byEvent,
    later: between(end, Number.POSITIVE_INFINITY),
    ...(login && {
      login: {
        stage: login.name,
        reads: between(Number.NEGATIVE_INFINITY, login.at),
        ...blocksOf(reads, mapBlocks),
      },
    }),
  };
}

/** A block server that was started again meanwhile has counted twice. */
function diskReads(disk: StartedDisk, all: readonly VolumeReads[]): DiskReads {
  const own = all.filter(({ volumeId }) => volumeId === disk.volumeId);
  const [first] = own;
  if (first === undefined) return disk;
  return { ...disk, mapId: first.mapId, reads: sumOfReads(own.map(({ total }) => total)) };
}

function blocksOf(
  reads: readonly VolumeReads[],
  mapBlocks: ReadonlyMap<BlockMapId, number>,
): { readonly mapBlocks?: number } {
  const mapOfVolume = new Map(reads.map(({ volumeId, mapId }) => [volumeId, mapId]));
  let sum = 0;
  for (const mapId of mapOfVolume.values()) {
    const blocks = mapBlocks.get(mapId);
    if (blocks === undefined) return {};
    sum += blocks;
  }
  return { mapBlocks: sum };
}
