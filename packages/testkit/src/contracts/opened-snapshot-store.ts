import type {
  BlockMapId,
  BlockSourceRef,
  PrunableSnapshotStore,
  StoreUsage,
} from '@bakehouse/domain';

/** Each block's content is a word; how a word fills a block is the harness's business. */
export interface TestDisk {
  readonly sizeBytes: number;
  readonly blocks: ReadonlyMap<number, string>;
  /** The blocks reported as changed; absent: all that are not zero. */
  readonly changed?: readonly number[];
}

export interface OpenedSnapshotStore {
  readonly store: PrunableSnapshotStore;
  readonly blockBytes: number;
  /** Makes a disk readable for a capture. A word is the first bytes of its block; the rest are zeros. */
  offer(disk: TestDisk): Promise<BlockSourceRef>;
  /** Changes the stored bytes of a block. */
  damage?(mapId: BlockMapId, index: number): Promise<void>;
  dispose(): Promise<void>;
}

/** A block as the store returns it; undefined is zeros. */
export async function readWord(
  { store }: Pick<OpenedSnapshotStore, 'store'>,
  mapId: BlockMapId,
  index: number,
): Promise<string | undefined> {
  const block = await store.readBlock(mapId, index);
  return block && Buffer.from(block).toString('latin1').replace(/\0+$/, '');
}

/** The places of ranges, one by one. */
export function placesIn(ranges: StoreUsage['held'][number]['maps']): readonly number[] {
  return ranges.flatMap(({ first: from, end }) =>
    Array.from({ length: end - from }, (_, at) => from + at),
  );
}
