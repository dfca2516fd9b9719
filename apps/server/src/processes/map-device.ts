import { type BlockStoreEngine, blockSizeBytes } from '@bakehouse/blockstore';
import type { BlockMapId } from '@bakehouse/domain';
import type { BlockDevice, BlockExtent, BlockPiece, ByteSpan } from '@bakehouse/nbd';
import { SharedUse } from './shared-use.ts';

type MapReader = Awaited<ReturnType<BlockStoreEngine['openMap']>>;

interface Part {
  readonly blockIndex: number;
  readonly within: number;
  readonly lengthBytes: number;
}

/** The blocks that a range touches, and how much of each. */
export function partsOf(offset: number, lengthBytes: number): readonly Part[] {
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
function extentsOf(map: MapReader, span: ByteSpan, countMax: number): readonly BlockExtent[] {
  const extents: { lengthBytes: number; zero: boolean }[] = [];
  for (const part of partsOf(span.offset, span.lengthBytes)) {
    const zero = !map.hasBlock(part.blockIndex);
    const last = extents.at(-1);
    if (last?.zero === zero) last.lengthBytes += part.lengthBytes;
    else if (extents.length === countMax) break;
    else extents.push({ lengthBytes: part.lengthBytes, zero });
  }
  return extents;
}

/**
 * Opens maps of the block store as disks for QEMU; the answer is undefined when there is no such map. A map may
 * take tens of megabytes and much of a second to read: connections that read the same one share it.
 */
export function mapDevices(
  engine: Pick<BlockStoreEngine, 'find' | 'openMap'>,
): (name: string) => Promise<BlockDevice | undefined> {
  const readers = new SharedUse((mapId: BlockMapId) => engine.openMap(mapId));
  return async (name) => {
    if (!isMapName(name)) return undefined;
    if (!(await engine.find(name))) return undefined;
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
