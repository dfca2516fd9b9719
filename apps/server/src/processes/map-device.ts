import type { BlockStore, MapReader } from '@bakehouse/blockstore';
import { blockSizeBytes } from '@bakehouse/blockstore';
import type { BlockMapId } from '@bakehouse/domain';
import type { BlockDevice, BlockExtent, BlockPiece, ByteSpan } from '@bakehouse/nbd';
import { SharedUse } from './shared-use.ts';

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

async function readSlowly(map: MapReader, parts: readonly Part[]): Promise<readonly BlockPiece[]> {
  return await Promise.all(
    parts.map(async (part) => piece(await map.readBlock(part.blockIndex), part)),
  );
}

/** Runs of blocks that are all data or all zeros. */
async function extentsOf(
  map: MapReader,
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

/**
 * Opens maps of the block store as disks for QEMU; undefined when there is no such map. Connections that read the
 * same map share a reader, and the pages that it has at hand.
 */
export function mapDevices(
  store: Pick<BlockStore, 'find' | 'openMap'>,
): (name: string) => Promise<BlockDevice | undefined> {
  const readers = new SharedUse((mapId: BlockMapId) => store.openMap(mapId));
  return async (name) => {
    if (!isMapName(name)) return undefined;
    if (!(await store.find(name))) return undefined;
    const { shared, release } = await readers.take(name);
    return mapDevice(shared, release);
  };
}

function isMapName(name: string): name is BlockMapId {
  return /^map-[0-9a-f]{17}$/.test(name);
}

function mapDevice(map: MapReader, close: () => void): BlockDevice {
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
