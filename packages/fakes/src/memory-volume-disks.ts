import { invariant } from '@bakehouse/base';
import type {
  BlockMapId,
  DiskBacking,
  FreezeVolume,
  FrozenVolume,
  HydrateOptions,
  InstanceId,
  SnapshotId,
  VolumeDisk,
  VolumeDisks,
  VolumeFreezer,
  VolumeId,
} from '@bakehouse/domain';
import { MemoryDisk } from './memory-disk.ts';
import type { MemoryHotMaps } from './memory-hot-maps.ts';
import type { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { type BlockWords, type MemorySource, memoryBlockBytes } from './memory-sources.ts';

export interface MemoryVolumeDisksOptions {
  /** Which machine has the disk open; asked for what must not happen under a machine. */
  readonly userOf?: (volumeId: VolumeId) => InstanceId | undefined;
  /** A disk that is asked for and not there: an error, or made on the spot (records without bytes). */
  readonly unknownDisks?: 'refuse' | 'make';
  /** What disks read in place of the store where it has their map. */
  readonly hot?: MemoryHotMaps;
}

/** A frozen volume, and who serves it: its machine, or (at rest) a process of its own. */
interface MemoryView {
  readonly frozen: FrozenVolume;
  readonly content: MemorySource;
  readonly isAtRest: boolean;
}

const hasBitmap = ({ source }: FrozenVolume) =>
  source.kind === 'nbd' && String(source.changedContext).startsWith('qemu:dirty-bitmap:');

/** `VolumeDisks` and `VolumeFreezer` over a `MemorySnapshotStore`. */
export class MemoryVolumeDisks implements VolumeDisks, VolumeFreezer {
  readonly #snapshots: MemorySnapshotStore;
  readonly #options: MemoryVolumeDisksOptions;
  readonly #disks = new Map<VolumeId, MemoryDisk>();
  readonly #frozen = new Map<SnapshotId, MemoryView>();

  constructor(snapshots: MemorySnapshotStore, options: MemoryVolumeDisksOptions = {}) {
    this.#snapshots = snapshots;
    this.#options = options;
  }

  async create({ volumeId, sizeBytes, originMapId }: VolumeDisk): Promise<DiskBacking> {
    if (!this.#disks.has(volumeId)) {
      if (originMapId) this.#snapshots.contentsOf(originMapId);
      this.#disks.set(volumeId, new MemoryDisk(sizeBytes, originMapId));
      this.#options.hot?.choose(volumeId, originMapId);
    }
    if (!this.#disk(volumeId).originMapId) return 'none';
    return this.#options.hot?.isBehind(volumeId) ? 'hot' : 'store';
  }

  async remove(volumeId: VolumeId): Promise<void> {
    const user = this.#options.userOf?.(volumeId);
    invariant(user === undefined, `the disk of ${volumeId} is not removed while ${user} uses it`);
    this.#disks.delete(volumeId);
    this.#options.hot?.release(volumeId);
  }

  async grow(volumeId: VolumeId, sizeBytes: number): Promise<void> {
    const disk = this.#disk(volumeId);
    if (sizeBytes < disk.sizeBytes) {
      throw new Error(`${volumeId} has ${disk.sizeBytes} bytes and cannot shrink to ${sizeBytes}`);
    }
    if (sizeBytes === disk.sizeBytes) return;
    if (this.#isFrozen(volumeId)) throw new Error(`${volumeId} is frozen and cannot grow`);
    disk.sizeBytes = sizeBytes;
  }

  async list(): Promise<readonly VolumeId[]> {
    return [...this.#disks.keys()];
  }

  async localBytes(volumeId: VolumeId): Promise<number> {
    return this.#disk(volumeId).writtenBlocks.length * memoryBlockBytes;
  }

  async hydrate(
    volumeId: VolumeId,
    instanceId: InstanceId | undefined,
    { signal, onProgress }: HydrateOptions,
  ): Promise<boolean> {
    const disk = this.#disk(volumeId);
    if (disk.originMapId === undefined) return true;
    if (signal.aborted) return false;
    if (this.#options.userOf && this.#options.userOf(volumeId) !== instanceId) return false;
    if (this.#isFrozen(volumeId)) return false;
    onProgress?.({ doneBytes: 0, totalBytes: disk.sizeBytes });
    disk.hydrate(this.#origin(volumeId));
    this.#options.hot?.release(volumeId);
    return true;
  }

  /** The copying is done in one turn: there is never one under way. */
  async endHydration(): Promise<void> {}

  async freeze(
    volumes: readonly FreezeVolume[],
    instanceId?: InstanceId,
  ): Promise<readonly FrozenVolume[]> {
    for (const { volumeId } of volumes) this.#assertHeldBy(volumeId, instanceId);
    const isAtRest = instanceId === undefined;
    // In a machine the views began together: when one of them is gone, so is their instant.
    const stand = volumes.every(({ snapshotId }) => this.#frozen.has(snapshotId));
    // All of them at one instant: nothing is awaited between the first and the last.
    return volumes.map((volume) => {
      const view = isAtRest || stand ? this.#frozen.get(volume.snapshotId) : undefined;
      return view ? this.#serveAgain(volume, view, isAtRest) : this.#freeze(volume, isAtRest);
    });
  }

  async thaw(volumes: readonly FreezeVolume[], outcome: 'captured' | 'abandoned'): Promise<void> {
    for (const { volumeId, snapshotId, sinceSnapshotId } of volumes) {
      this.#endView(snapshotId);
      const bitmaps = this.#disks.get(volumeId)?.bitmaps;
      if (outcome === 'abandoned') bitmaps?.delete(snapshotId);
      else if (sinceSnapshotId) bitmaps?.delete(sinceSnapshotId);
    }
  }

  /** What the guest reads; undefined is zeros. */
  read(volumeId: VolumeId, index: number): string | undefined {
    const hot = this.#options.hot?.wordsBehind(volumeId);
    const serve = (mapId: BlockMapId, block: number) =>
      hot ? hot.get(block) : this.#snapshots.serve(mapId, block);
    return this.#disk(volumeId).read(index, serve);
  }

  /** What a fork does with the disks of a machine. */
  copy(from: VolumeId, to: VolumeId): void {
    this.#disk(to).copy(this.#disk(from));
  }

  /** What the guest writes; undefined writes zeros. */
  write(volumeId: VolumeId, index: number, word: string | undefined): void {
    const disk = this.#disk(volumeId);
    if (index < 0 || index * memoryBlockBytes >= disk.sizeBytes) {
      throw new RangeError(`block ${index} is beyond the end of ${volumeId}`);
    }
    disk.write(index, word);
  }

  contents(volumeId: VolumeId): BlockWords {
    return this.#disk(volumeId).contents(this.#origin(volumeId));
  }

  sizeBytes(volumeId: VolumeId): number {
    return this.#disk(volumeId).sizeBytes;
  }

  has(volumeId: VolumeId): boolean {
    return this.#disks.has(volumeId) || this.#options.unknownDisks === 'make';
  }

  /** The map that the disk still needs and that is not there. */
  missingOrigin(volumeId: VolumeId): BlockMapId | undefined {
    const { originMapId } = this.#disk(volumeId);
    return originMapId && !this.#snapshots.has(originMapId) ? originMapId : undefined;
  }

  /** What a machine that opens the disk meets: an error while it is frozen at rest. Older views are untrue then. */
  open(volumeId: VolumeId): void {
    const disk = this.#disk(volumeId);
    for (const { frozen, isAtRest } of this.#viewsOf(volumeId)) {
      if (isAtRest) throw new Error(`${volumeId} is frozen and cannot be opened by a machine`);
      this.#endView(frozen.snapshotId);
    }
    this.#options.hot?.choose(volumeId, disk.originMapId);
  }

  /** The machine that had the disk has ended: it serves nothing, and kept views and bitmaps only if `orderly`. */
  machineEnded(volumeId: VolumeId, { orderly }: { readonly orderly: boolean }): void {
    for (const { frozen } of this.#viewsOf(volumeId)) {
      this.#snapshots.sources.withdraw(frozen.source);
      if (!orderly) this.#frozen.delete(frozen.snapshotId);
    }
    if (!orderly) this.#disks.get(volumeId)?.bitmaps.clear();
  }

  /** Freezes that nobody has thawed. */
  get openFreezes(): readonly SnapshotId[] {
    return [...this.#frozen.keys()];
  }

  /** What QEMU's crash does: the next snapshot must not rely on a bitmap. */
  loseBitmaps(): void {
    for (const disk of this.#disks.values()) disk.bitmaps.clear();
  }

  /** As the image lock and the machine's list of disks have it. */
  #assertHeldBy(volumeId: VolumeId, instanceId: InstanceId | undefined): void {
    if (!this.#options.userOf) return;
    const user = this.#options.userOf(volumeId);
    if (user === instanceId) return;
    const held = user ? `in the machine of ${user}` : 'at rest';
    const asked = instanceId ? `in the machine of ${instanceId}` : 'at rest';
    throw new Error(`${volumeId} cannot be frozen ${asked}: it is ${held}`);
  }

  #isFrozen(volumeId: VolumeId): boolean {
    return this.#viewsOf(volumeId).length > 0;
  }

  #viewsOf(volumeId: VolumeId): readonly MemoryView[] {
    return [...this.#frozen.values()].filter(({ frozen }) => frozen.volumeId === volumeId);
  }

  #endView(snapshotId: SnapshotId): void {
    const view = this.#frozen.get(snapshotId);
    if (view) this.#snapshots.sources.withdraw(view.frozen.source);
    this.#frozen.delete(snapshotId);
  }

  /**
   * With a bitmap the view has all that changed since an earlier snapshot, and so since every later one: it is read on
   * top of the snapshot that the caller names now.
   */
  #serveAgain(
    { sinceMapId }: FreezeVolume,
    { frozen: before, content }: MemoryView,
    isAtRest: boolean,
  ): FrozenVolume {
    const frozen = sinceMapId && hasBitmap(before) ? { ...before, baseMapId: sinceMapId } : before;
    this.#snapshots.sources.offer(frozen.source, content);
    this.#frozen.set(frozen.snapshotId, { frozen, content, isAtRest });
    return { ...frozen, fresh: false };
  }

  #freeze(volume: FreezeVolume, isAtRest: boolean): FrozenVolume {
    const { volumeId, snapshotId, sinceSnapshotId, sinceMapId } = volume;
    const disk = this.#disk(volumeId);
    const bitmap = sinceSnapshotId && sinceMapId ? disk.bitmaps.get(sinceSnapshotId) : undefined;
    const baseMapId = bitmap ? sinceMapId : disk.originMapId;
    const source = {
      kind: 'nbd',
      socketPath: 'memory:volumes',
      exportName: `${volumeId}@${snapshotId}`,
      changedContext: bitmap ? `qemu:dirty-bitmap:${sinceSnapshotId}` : 'qemu:allocation-depth',
    } as const;
    const content = {
      sizeBytes: disk.sizeBytes,
      blocks: this.contents(volumeId),
      changed: [...(bitmap ?? disk.writtenBlocks)],
    };
    this.#snapshots.sources.offer(source, content);
    const base = baseMapId ? { baseMapId } : {};
    const frozen = { volumeId, snapshotId, source, fresh: true, ...base };
    this.#frozen.set(snapshotId, { frozen, content, isAtRest });
    disk.bitmaps.set(snapshotId, new Set());
    return frozen;
  }

  #origin(volumeId: VolumeId): BlockWords {
    const { originMapId } = this.#disk(volumeId);
    const hot = this.#options.hot?.wordsBehind(volumeId);
    return hot ?? (originMapId ? this.#snapshots.contentsOf(originMapId) : new Map());
  }

  #disk(volumeId: VolumeId): MemoryDisk {
    const disk = this.#disks.get(volumeId);
    if (disk) return disk;
    if (this.#options.unknownDisks !== 'make') throw new Error(`there is no disk of ${volumeId}`);
    const made = new MemoryDisk(0);
    this.#disks.set(volumeId, made);
    return made;
  }
}
