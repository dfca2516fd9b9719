import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type BlockMapId, blockBytes } from '@bakehouse/domain';
import type { MapSource } from '../src/hot/hot-context.ts';

/** A map of a raw file, as the block store would have it. */
export function mapOfFile(mapId: BlockMapId, path: string): MapSource {
  const blockOf = async (index: number): Promise<Buffer | undefined> => {
    const block = Buffer.alloc(blockBytes);
    (await readFile(path)).copy(block, 0, index * blockBytes);
    return block.some((byte) => byte !== 0) ? block : undefined;
  };
  const blocks = async () => {
    const found: { blockIndex: number; chunkId: string }[] = [];
    const count = Math.ceil((await readFile(path)).length / blockBytes);
    for (let blockIndex = 0; blockIndex < count; blockIndex += 1) {
      const block = await blockOf(blockIndex);
      if (block) found.push({ blockIndex, chunkId: hash('sha256', block) });
    }
    return found;
  };
  return {
    async find(asked) {
      if (asked !== mapId) return undefined;
      const sizeBytes = (await readFile(path)).length;
      const blockCount = (await blocks()).length;
      return { mapId, sizeBytes, blockCount, readBytes: 0, addedBytes: 0 };
    },
    listBlocks: async () => ({ blocks: await blocks() }),
    readBlock: (_, blockIndex) => blockOf(blockIndex),
  };
}
