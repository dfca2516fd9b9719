import { hash } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockMapId } from '@bakehouse/domain';
import { blockSizeBytes } from '../../src/format/block-size.ts';

/** A copy of the store that the last program of format 1 left when it was killed; see `format-1-content.ts`. */
export async function copyFixture(directory: string): Promise<void> {
  await cp(join(import.meta.dirname, '..', 'fixtures', 'format-1'), directory, { recursive: true });
  await mkdir(join(directory, 'tmp'), { recursive: true });
}

export interface FlatEntry {
  readonly blockIndex: number;
  readonly chunkId: Uint8Array;
}

/** Writes a flat map as programs of format 1 did: docs/formats/snapshot-map.md, "Flat maps". */
export async function writeFlatMap(
  directory: string,
  map: {
    readonly mapId: BlockMapId;
    readonly sizeBytes: number;
    readonly entries: readonly FlatEntry[];
  },
): Promise<void> {
  const { mapId, sizeBytes, entries } = map;
  const header = Buffer.alloc(80);
  header.write('BHBLKMAP', 0, 'latin1');
  header.writeUInt32BE(1, 8);
  header.writeUInt32BE(blockSizeBytes, 12);
  header.write(mapId, 16, 'latin1');
  header.writeBigUInt64BE(BigInt(sizeBytes), 48);
  header.writeUInt32BE(entries.length, 72);
  const indexes = Buffer.alloc(4 * entries.length);
  for (const [at, { blockIndex }] of entries.entries()) indexes.writeUInt32BE(blockIndex, 4 * at);
  const body = Buffer.concat([header, indexes, ...entries.map(({ chunkId }) => chunkId)]);
  const checksum = hash('sha256', body, 'buffer');
  await writeFile(join(directory, 'maps', mapId), Buffer.concat([body, checksum]));
}
