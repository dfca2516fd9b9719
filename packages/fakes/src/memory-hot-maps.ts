import type { Clock, TimestampMs } from '@bakehouse/base';
import type {
  BlockMapId,
  HotMap,
  HotMapRoom,
  HotMapState,
  HotMaps,
  HotWork,
  VolumeId,
} from '@bakehouse/domain';
import type { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { type BlockWords, memoryBlockBytes } from './memory-sources.ts';
import { sameWords } from './same-words.ts';

interface StoredHotMap {
  words: BlockWords;
  state: HotMapState;
  usedAt: TimestampMs;
}

const manyBytes = 2 ** 40;

/** `HotMaps` over a `MemorySnapshotStore`. Each copy has words of its own, which a test can damage. */
export class MemoryHotMaps implements HotMaps {
  /** What is free and in all; a test may change it. */
  roomBytes: HotMapRoom = { freeBytes: manyBytes, totalBytes: manyBytes };
  readonly #snapshots: MemorySnapshotStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #files = new Map<BlockMapId, StoredHotMap>();
  readonly #users = new Map<VolumeId, BlockMapId>();
  readonly #retiring = new Set<BlockMapId>();

  constructor(snapshots: MemorySnapshotStore, clock: Pick<Clock, 'now'>) {
    this.#snapshots = snapshots;
    this.#clock = clock;
  }

  async list(): Promise<readonly HotMap[]> {
    return [...this.#files].map(([mapId, { words, state, usedAt }]) => ({
      mapId,
      state,
      usedAt,
      localBytes: words.size * memoryBlockBytes,
    }));
  }

  async room(): Promise<HotMapRoom> {
    return this.roomBytes;
  }

  async usersOf(mapId: BlockMapId): Promise<readonly VolumeId[]> {
    return [...this.#users].flatMap(([volumeId, used]) => (used === mapId ? [volumeId] : []));
  }

  async make(mapId: BlockMapId, { signal, onProgress }: HotWork): Promise<void> {
    if (this.#files.has(mapId)) return;
    const words = this.#wordsOf(mapId);
    onProgress?.({ doneBytes: 0, totalBytes: words.size * memoryBlockBytes });
    signal.throwIfAborted();
    this.#files.set(mapId, { words, state: 'ready', usedAt: this.#clock.now() });
  }

  async check(mapId: BlockMapId, { signal }: HotWork): Promise<number> {
    const file = this.#files.get(mapId);
    if (!file) return 0;
    const words = this.#wordsOf(mapId);
    signal.throwIfAborted();
    if (sameWords(words, file.words)) {
      if (file.state === 'unchecked') file.state = 'ready';
      return 0;
    }
    file.state = 'damaged';
    return 1;
  }

  async drop(
    mapId: BlockMapId,
    atRest: (volumeIds: readonly VolumeId[]) => Promise<ReadonlySet<VolumeId>>,
  ): Promise<boolean> {
    if (!this.#files.has(mapId)) return true;
    this.#retiring.add(mapId);
    try {
      const users = await this.usersOf(mapId);
      const resting = users.length === 0 ? new Set() : await atRest(users);
      for (const id of users) if (resting.has(id)) this.#users.delete(id);
      if (users.some((id) => !resting.has(id))) return false;
      this.#files.delete(mapId);
      return true;
    } finally {
      this.#retiring.delete(mapId);
    }
  }

  /** Chooses what is behind a disk that is made or opened; true when it is the hot map. */
  choose(volumeId: VolumeId, mapId: BlockMapId | undefined): boolean {
    const file = mapId && this.#files.get(mapId);
    if (!mapId || file?.state !== 'ready' || this.#retiring.has(mapId)) {
      this.#users.delete(volumeId);
      return false;
    }
    file.usedAt = this.#clock.now();
    this.#users.set(volumeId, mapId);
    return true;
  }

  isBehind(volumeId: VolumeId): boolean {
    return this.#users.has(volumeId);
  }

  /** The disk no longer exists, or has all of its blocks itself. */
  release(volumeId: VolumeId): void {
    this.#users.delete(volumeId);
  }

  /** What the disk reads in its hot map; undefined when none is behind it. */
  wordsBehind(volumeId: VolumeId): BlockWords | undefined {
    const mapId = this.#users.get(volumeId);
    return mapId && this.#files.get(mapId)?.words;
  }

  /** The hot map that the disk needs and that does not exist. */
  missingBehind(volumeId: VolumeId): BlockMapId | undefined {
    const mapId = this.#users.get(volumeId);
    return mapId && !this.#files.has(mapId) ? mapId : undefined;
  }

  /** The host was started again: files have to be checked. */
  hostStarted(): void {
    for (const file of this.#files.values()) {
      if (file.state === 'ready') file.state = 'unchecked';
    }
  }

  /** Changes a block of the copy, as a disk that fails does. */
  damage(mapId: BlockMapId): void {
    const file = this.#files.get(mapId);
    if (file) file.words = new Map([...file.words, [0, 'damaged']]);
  }

  #wordsOf(mapId: BlockMapId): BlockWords {
    return new Map(this.#snapshots.contentsOf(mapId));
  }
}
