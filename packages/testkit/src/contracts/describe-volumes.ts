import type {
  BlockMapId,
  FreezeVolume,
  FrozenVolume,
  VolumeDisks,
  VolumeFreezer,
  VolumeId,
} from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export interface OpenedVolumes {
  readonly volumes: VolumeDisks & VolumeFreezer;
  readonly blockBytes: number;
  /** Stores a map of that many blocks with these words. */
  makeMap(mapId: BlockMapId, blockCount: number, blocks: Record<number, string>): Promise<void>;
  /** What a guest would write and read; undefined is zeros. */
  write(volumeId: VolumeId, index: number, word: string | undefined): Promise<void>;
  read(volumeId: VolumeId, index: number): Promise<string | undefined>;
  /** Captures a frozen disk and returns all blocks of the new map that are not zero. */
  capture(frozen: FrozenVolume, mapId: BlockMapId): Promise<Record<number, string>>;
  /** Bytes that the last capture read. */
  lastReadBytes(): number;
  dispose(): Promise<void>;
}

const volumeId: VolumeId = 'vol-00000000000000001';
const other: VolumeId = 'vol-00000000000000002';
const origin: BlockMapId = 'map-00000000000000001';

/** The promises of `VolumeDisks`, for disks that no machine has. `open` makes an empty one. */
export function describeVolumeDisks(name: string, open: () => Promise<OpenedVolumes>): void {
  describe(`${name} is a VolumeDisks`, () => {
    let opened: OpenedVolumes;
    let volumes: VolumeDisks;
    beforeEach(async () => {
      opened = await open();
      volumes = opened.volumes;
    });
    afterEach(() => opened.dispose());
    const sizeOf = (blocks: number) => blocks * opened.blockBytes;

    test('a new disk is zeros, or its origin, and keeps what is written', async () => {
      await opened.makeMap(origin, 4, { 0: 'a', 2: 'b' });
      await volumes.create({ volumeId, sizeBytes: sizeOf(4), originMapId: origin });
      await volumes.create({ volumeId: other, sizeBytes: sizeOf(4) });
      expect(await opened.read(volumeId, 0)).toBe('a');
      expect(await opened.read(other, 0)).toBeUndefined();
      await opened.write(volumeId, 1, 'x');
      await opened.write(volumeId, 2, undefined);
      expect(await opened.read(volumeId, 0)).toBe('a');
      expect(await opened.read(volumeId, 1)).toBe('x');
      expect(await opened.read(volumeId, 2)).toBeUndefined();
      expect([...(await volumes.list())].sort()).toEqual([volumeId, other]);
    });

    test('creating a disk that exists leaves its content', async () => {
      await volumes.create({ volumeId, sizeBytes: sizeOf(2) });
      await opened.write(volumeId, 1, 'x');
      await volumes.create({ volumeId, sizeBytes: sizeOf(2) });
      expect(await opened.read(volumeId, 1)).toBe('x');
    });

    test('a disk may be larger than its origin: the rest is zeros', async () => {
      await opened.makeMap(origin, 1, { 0: 'a' });
      await volumes.create({ volumeId, sizeBytes: sizeOf(3), originMapId: origin });
      expect(await opened.read(volumeId, 2)).toBeUndefined();
      await opened.write(volumeId, 2, 'x');
      expect(await opened.read(volumeId, 2)).toBe('x');
    });

    test('removing leaves nothing, and what is not there is no matter', async () => {
      await volumes.remove(volumeId);
      await volumes.create({ volumeId, sizeBytes: sizeOf(2) });
      await opened.write(volumeId, 0, 'x');
      await volumes.remove(volumeId);
      await volumes.remove(volumeId);
      expect(await volumes.list()).toEqual([]);
      await volumes.create({ volumeId, sizeBytes: sizeOf(2) });
      expect(await opened.read(volumeId, 0)).toBeUndefined();
    });

    test('growing keeps the content and adds zeros; shrinking is refused', async () => {
      await volumes.create({ volumeId, sizeBytes: sizeOf(2) });
      await opened.write(volumeId, 1, 'x');
      await volumes.grow(volumeId, sizeOf(4));
      await volumes.grow(volumeId, sizeOf(4));
      expect(await opened.read(volumeId, 1)).toBe('x');
      expect(await opened.read(volumeId, 3)).toBeUndefined();
      await opened.write(volumeId, 3, 'y');
      await expect(volumes.grow(volumeId, sizeOf(2))).rejects.toThrow();
      expect(await opened.read(volumeId, 3)).toBe('y');
    });

    test('writing takes local bytes', async () => {
      await volumes.create({ volumeId, sizeBytes: sizeOf(8) });
      const empty = await volumes.localBytes(volumeId);
      await opened.write(volumeId, 0, 'x');
      await opened.write(volumeId, 5, 'y');
      expect(await volumes.localBytes(volumeId)).toBeGreaterThan(empty);
    });
  });
}

/** The promises of `VolumeFreezer`, for disks that no machine has. */
export function describeVolumeFreezer(name: string, open: () => Promise<OpenedVolumes>): void {
  describe(`${name} is a VolumeFreezer`, () => {
    let opened: OpenedVolumes;
    let volumes: VolumeDisks & VolumeFreezer;
    beforeEach(async () => {
      opened = await open();
      volumes = opened.volumes;
      await opened.makeMap(origin, 8, { 0: 'a', 1: 'b', 7: 'h' });
      const sizeBytes = 8 * opened.blockBytes;
      await volumes.create({ volumeId, sizeBytes, originMapId: origin });
      await volumes.create({ volumeId: other, sizeBytes });
    });
    afterEach(() => opened.dispose());

    const freezeOne = (volume: FreezeVolume) =>
      volumes.freeze([volume]).then(([frozen]) => {
        if (!frozen) throw new Error('a freeze returns each volume');
        return frozen;
      });
    const snap1: FreezeVolume = {
      volumeId,
      snapshotId: 'snap-00000000000000001',
      originMapId: origin,
    };
    const map1: BlockMapId = 'map-00000000000000011';
    const snap2: FreezeVolume = {
      volumeId,
      snapshotId: 'snap-00000000000000002',
      originMapId: origin,
      sinceSnapshotId: snap1.snapshotId,
      sinceMapId: map1,
    };
    const map2: BlockMapId = 'map-00000000000000012';

    test('a freeze keeps the content of its instant', async () => {
      await opened.write(volumeId, 1, 'x');
      const frozen = await freezeOne(snap1);
      expect(frozen).toMatchObject({ volumeId, snapshotId: snap1.snapshotId });
      expect(await opened.capture(frozen, map1)).toEqual({ 0: 'a', 1: 'x', 7: 'h' });
      await volumes.thaw([snap1], 'captured');
    });

    test('repeating a freeze returns the existing one', async () => {
      const frozen = await freezeOne(snap1);
      expect(frozen.fresh).toBe(true);
      expect(await freezeOne(snap1)).toEqual({ ...frozen, fresh: false });
      await volumes.thaw([snap1], 'abandoned');
      expect(await freezeOne(snap1)).toMatchObject({ fresh: true });
      await volumes.thaw([snap1], 'abandoned');
    });

    test('several volumes are frozen in the order asked for', async () => {
      await opened.write(other, 3, 'o');
      const second: FreezeVolume = { volumeId: other, snapshotId: 'snap-00000000000000009' };
      const frozen = await volumes.freeze([snap1, second]);
      expect(frozen.map(({ snapshotId }) => snapshotId)).toEqual([
        snap1.snapshotId,
        second.snapshotId,
      ]);
      const [, frozenOther] = frozen;
      if (!frozenOther) throw new Error('a freeze returns each volume');
      expect(await opened.capture(frozenOther, map2)).toEqual({ 3: 'o' });
      await volumes.thaw([snap1, second], 'captured');
    });

    test('the next snapshot has every change since the last', async () => {
      await opened.write(volumeId, 1, 'x');
      await opened.capture(await freezeOne(snap1), map1);
      await volumes.thaw([snap1], 'captured');
      await opened.write(volumeId, 0, 'y');
      await opened.write(volumeId, 1, undefined);
      await opened.write(volumeId, 5, 'z');
      expect(await opened.capture(await freezeOne(snap2), map2)).toEqual({
        0: 'y',
        5: 'z',
        7: 'h',
      });
      await volumes.thaw([snap2], 'captured');
    });

    test('a snapshot reads what changed since the last, not the whole disk', async () => {
      await opened.capture(await freezeOne(snap1), map1);
      await volumes.thaw([snap1], 'captured');
      await opened.write(volumeId, 6, 'g');
      const frozen = await freezeOne(snap2);
      expect(frozen.baseMapId).toBe(map1);
      await opened.capture(frozen, map2);
      expect(opened.lastReadBytes()).toBe(opened.blockBytes);
      await volumes.thaw([snap2], 'captured');
    });

    test('an abandoned snapshot is as if it had never been', async () => {
      await opened.capture(await freezeOne(snap1), map1);
      await volumes.thaw([snap1], 'captured');
      await opened.write(volumeId, 2, 'c');
      await freezeOne(snap2);
      await volumes.thaw([snap2], 'abandoned');
      await opened.write(volumeId, 3, 'd');
      const again: FreezeVolume = { ...snap2, snapshotId: 'snap-00000000000000003' };
      expect(await opened.capture(await freezeOne(again), map2)).toEqual({
        0: 'a',
        1: 'b',
        2: 'c',
        3: 'd',
        7: 'h',
      });
      await volumes.thaw([again], 'captured');
    });

    test('a view that waits for another capture is then read on top of the snapshot of that one', async () => {
      await opened.capture(await freezeOne(snap1), map1);
      await volumes.thaw([snap1], 'captured');
      await opened.write(volumeId, 2, 'c');
      const first = await freezeOne(snap2);
      const waiting: FreezeVolume = { ...snap2, snapshotId: 'snap-00000000000000003' };
      expect(await freezeOne(waiting)).toMatchObject({ fresh: true, baseMapId: map1 });
      await opened.capture(first, map2);
      await volumes.thaw([snap2], 'captured');
      const since = { sinceSnapshotId: snap2.snapshotId, sinceMapId: map2 };
      const next: FreezeVolume = { ...waiting, ...since };
      const view = await freezeOne(next);
      expect(view).toMatchObject({ fresh: false, baseMapId: map2 });
      const map3: BlockMapId = 'map-00000000000000013';
      expect(await opened.capture(view, map3)).toEqual({ 0: 'a', 1: 'b', 2: 'c', 7: 'h' });
      await volumes.thaw([next], 'captured');
    });

    test('repeating a thaw, and thawing what was never frozen, is harmless', async () => {
      await volumes.thaw([snap1], 'abandoned');
      await freezeOne(snap1);
      await volumes.thaw([snap1], 'captured');
      await volumes.thaw([snap1], 'captured');
      expect(await opened.read(volumeId, 0)).toBe('a');
    });

    test('a disk does not grow while it is frozen', async () => {
      const sizeBytes = 16 * opened.blockBytes;
      await freezeOne(snap1);
      await expect(volumes.grow(volumeId, sizeBytes)).rejects.toThrow();
      await volumes.thaw([snap1], 'captured');
      await volumes.grow(volumeId, sizeBytes);
    });

    test('a disk goes on being written while it is frozen and after', async () => {
      await freezeOne(snap1);
      await volumes.thaw([snap1], 'captured');
      await opened.write(volumeId, 4, 'w');
      expect(await opened.read(volumeId, 4)).toBe('w');
    });
  });
}
