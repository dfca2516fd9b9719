import type { BlockStore, GuestReader, GuestReads, MapReader } from '@bakehouse/blockstore';
import { blockSizeBytes } from '@bakehouse/blockstore';
import type { BlockMapId, VolumeId } from '@bakehouse/domain';
import type { BlockDevice, BlockExtent, BlockPiece, ByteSpan } from '@bakehouse/nbd';
import { SharedUse } from './shared-use.ts';

/** What a device needs of a map. */
type DeviceMap = Pick<MapReader, 'sizeBytes' | 'peekBlock' | 'readBlock' | 'runs'>;

interface Part {
  readonly blockIndex: number;
  readonly within: number;
  readonly lengthBytes: number;
}

/** The blocks that a range touches, and how much of each. */
function partsOf(offset: number, lengthBytes: number): readonly Part[] {
  const parts: Part[] = [];
  for (let at = offset; at < offset + lengthBytes; ) {
    const blockIndex = Math.floor(at / blockSizeBytes);
    const within = at - blockIndex * blockSizeBytes;
    const length = Math.min(blockSizeBytes - within, offset + lengthBytes - at);
    parts.push({ blockIndex, within, lengthBytes: length });
    at += length;
  }
  return parts;
}

function piece(block: Uint8Array | undefined, { within, lengthBytes }: Part): BlockPiece {
  return block ? block.subarray(within, within + lengthBytes) : { zeroBytes: lengthBytes };
}

async function readSlowly(map: DeviceMap, parts: readonly Part[]): Promise<readonly BlockPiece[]> {
  return await Promise.all(
    parts.map(async (part) => piece(await map.readBlock(part.blockIndex), part)),
  );
}

/** Runs of blocks that are all data or all zeros. */
async function extentsOf(
  map: DeviceMap,
  { offset, lengthBytes }: ByteSpan,
  countMax: number,
): Promise<readonly BlockExtent[]> {
  const spanEnd = offset + lengthBytes;
  const extents: BlockExtent[] = [];
  let at = offset;
  const runs = map.runs(Math.floor(offset / blockSizeBytes), Math.ceil(spanEnd / blockSizeBytes));
  for await (const { end, isZeros: zero } of runs) {
    const runEnd = Math.min(end * blockSizeBytes, spanEnd);
    extents.push({ lengthBytes: runEnd - at, zero });
    at = runEnd;
    if (extents.length === countMax) break;
  }
  return extents;
}

interface MapDevices {
  /** The map as a disk; undefined when there is no such map, or the name is none's. */
  open(name: string): Promise<BlockDevice | undefined>;
  /** The same for a machine, which reads it for this volume: its reads are counted, and read ahead. */
  openFor(mapId: BlockMapId, volumeId: VolumeId): Promise<BlockDevice | undefined>;
}

/**
 * Opens maps of the block store as disks for QEMU. Connections that read the same map share a reader, and the pages that
 * it has at hand.
 */
export function mapDevices(
  store: Pick<BlockStore, 'find' | 'openMap'>,
  reads: Pick<GuestReads, 'open'>,
): MapDevices {
  const readers = new SharedUse((mapId: BlockMapId) => store.openMap(mapId));
  const take = async (name: string) => {
    if (!isMapName(name)) return undefined;
    if (!(await store.find(name))) return undefined;
    return await readers.take(name);
  };
  return {
    async open(name) {
      const taken = await take(name);
      return taken && mapDevice(taken.shared, taken.release);
    },
    async openFor(mapId, volumeId) {
      const taken = await take(mapId);
      if (!taken) return undefined;
      try {
        const { reader, release } = await reads.open({ mapId, volumeId }, taken.shared);
        const close = () => {
          release();
          taken.release();
        };
        return guestDevice(reader, close);
      } catch (error) {
        taken.release();
        throw error;
      }
    },
  };
}

function isMapName(name: string): name is BlockMapId {
  return /^map-[0-9a-f]{17}$/.test(name);
}

function mapDevice(map: DeviceMap, close: () => void): BlockDevice {
  return {
    sizeBytes: map.sizeBytes,
    read(offset, lengthBytes) {
      const parts = partsOf(offset, lengthBytes);
      const pieces: BlockPiece[] = [];
      for (const part of parts) {
        const block = map.peekBlock(part.blockIndex);
        if (block === 'not-cached') return readSlowly(map, parts);
        pieces.push(piece(block === 'zeros' ? undefined : block, part));
      }
      return pieces;
    },
    extents: (span, countMax) => extentsOf(map, span, countMax),
    close,
  };
}

/** The disk of a map, with each read counted. */
function guestDevice(reader: GuestReader, close: () => void): BlockDevice {
  const device = mapDevice(reader, close);
  const wait = async (lengthBytes: number, pieces: Promise<readonly BlockPiece[]>) => {
    const begun = performance.now();
    try {
      return await pieces;
    } finally {
      reader.served(lengthBytes, performance.now() - begun);
    }
  };
  return {
    ...device,
    read(offset, lengthBytes) {
      const pieces = device.read(offset, lengthBytes);
      if (pieces instanceof Promise) return wait(lengthBytes, pieces);
      reader.served(lengthBytes);
      return pieces;
    },
  };
}
