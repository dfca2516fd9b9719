import { hash } from 'node:crypto';
import type { BlockMapId } from '@bakehouse/domain';
import { orderBlocksMax, type ReadOrder } from '../guest-reads/read-order.ts';
import { blockSizeBytes } from './block-size.ts';
import { readMapId, writeMapId } from './map-head-format.ts';

/** See docs/formats/read-order.md. */
const orderMagic = Buffer.from('BHORDER1', 'latin1');
const formatVersion = 1;
const headerBytes = 64;
const runBytes = 8;
const checksumBytes = 32;
/** Each block a run of its own. */
export const orderFileBytesMax = headerBytes + orderBlocksMax * runBytes + checksumBytes;

interface BlockRun {
  readonly first: number;
  readonly count: number;
}

export function encodeReadOrder(mapId: BlockMapId, { launches, blocks }: ReadOrder): Buffer {
  const runs = runsOf(blocks);
  const checksumAt = headerBytes + runs.length * runBytes;
  const bytes = Buffer.alloc(checksumAt + checksumBytes);
  orderMagic.copy(bytes, 0);
  bytes.writeUInt32BE(formatVersion, 8);
  bytes.writeUInt32BE(blockSizeBytes, 12);
  writeMapId(bytes, 16, mapId);
  bytes.writeUInt32BE(launches, 48);
  bytes.writeUInt32BE(runs.length, 52);
  runs.forEach(({ first, count }, index) => {
    bytes.writeUInt32BE(first, headerBytes + index * runBytes);
    bytes.writeUInt32BE(count, headerBytes + index * runBytes + 4);
  });
  bytes.set(hash('sha256', bytes.subarray(0, checksumAt), 'buffer'), checksumAt);
  return bytes;
}

/** Undefined unless every rule of the format holds and the order is this map's. */
export function decodeReadOrder(bytes: Buffer, mapId: BlockMapId): ReadOrder | undefined {
  const checksumAt = bytes.length - checksumBytes;
  if (checksumAt < headerBytes || bytes.length > orderFileBytesMax) return undefined;
  const checksum = hash('sha256', bytes.subarray(0, checksumAt), 'buffer');
  const isOurs =
    checksum.equals(bytes.subarray(checksumAt)) &&
    bytes.subarray(0, 8).equals(orderMagic) &&
    bytes.readUInt32BE(8) === formatVersion &&
    bytes.readUInt32BE(12) === blockSizeBytes &&
    readMapId(bytes, 16) === mapId &&
    headerBytes + bytes.readUInt32BE(52) * runBytes === checksumAt;
  if (!isOurs) return undefined;
  const blocks = blocksOfRuns(bytes.subarray(headerBytes, checksumAt));
  const launches = bytes.readUInt32BE(48);
  return blocks && launches > 0 ? { launches, blocks } : undefined;
}

function runsOf(blocks: readonly number[]): BlockRun[] {
  const runs: BlockRun[] = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (last && block === last.first + last.count) {
      runs[runs.length - 1] = { first: last.first, count: last.count + 1 };
    } else runs.push({ first: block, count: 1 });
  }
  return runs;
}

/** Undefined for more blocks than an order has, or one of them twice. */
function blocksOfRuns(bytes: Buffer): readonly number[] | undefined {
  const blocks = new Set<number>();
  let expected = 0;
  for (let at = 0; at < bytes.length; at += runBytes) {
    const first = bytes.readUInt32BE(at);
    const count = bytes.readUInt32BE(at + 4);
    expected += count;
    if (count === 0 || expected > orderBlocksMax) return undefined;
    for (let block = first; block < first + count; block += 1) blocks.add(block);
  }
  return blocks.size === expected ? [...blocks] : undefined;
}
