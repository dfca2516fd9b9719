import type { BlockMapId } from '@bakehouse/domain';
import type { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { memoryBlockBytes } from './memory-sources.ts';

/** Captures a map of that many blocks with these words. */
export async function storeWords(
  store: MemorySnapshotStore,
  {
    mapId,
    blockCount,
    words,
  }: {
    readonly mapId: BlockMapId;
    readonly blockCount: number;
    readonly words: Readonly<Record<number, string>>;
  },
): Promise<void> {
  const source = { kind: 'file', path: `memory:${mapId}` } as const;
  const blocks = new Map(Object.entries(words).map(([index, word]) => [Number(index), word]));
  const sizeBytes = blockCount * memoryBlockBytes;
  store.sources.offer(source, { sizeBytes, blocks, changed: blocks.keys() });
  await store.capture({ mapId, source });
}
