import type { BlockMapId, HotMap, HotMaps, VolumeDisks, VolumeId } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

export interface OpenedHotMaps {
  readonly hot: HotMaps;
  readonly volumes: Pick<VolumeDisks, 'create' | 'remove'>;
  readonly blockBytes: number;
  /** Stores a map of that many blocks with these words. */
  makeMap(mapId: BlockMapId, blockCount: number, blocks: Record<number, string>): Promise<void>;
  pruneMap(mapId: BlockMapId): Promise<void>;
  /** Opens the disk as a machine does. */
  open(volumeId: VolumeId): Promise<void>;
  /** The word that the disk reads there; undefined is zeros. */
  read(volumeId: VolumeId, index: number): Promise<string | undefined>;
  /** Takes the block store away, so that only a hot map can be read. */
  stopStore(): Promise<void>;
  /** The host is started again. */
  startHost(): Promise<void>;
  /** Changes a byte of the hot map. */
  damage(mapId: BlockMapId): Promise<void>;
  dispose(): Promise<void>;
}

const mapId: BlockMapId = 'map-00000000000000001';
const otherMap: BlockMapId = 'map-00000000000000002';
const volumeId: VolumeId = 'vol-00000000000000001';
const other: VolumeId = 'vol-00000000000000002';
const work = { signal: new AbortController().signal };
const everyDisk = async (ids: readonly VolumeId[]) => new Set(ids);
const noDisk = async () => new Set<VolumeId>();

/** The promises of `HotMaps`, and of disks that have one behind them. `open` makes an empty one. */
export function describeHotMaps(name: string, open: () => Promise<OpenedHotMaps>): void {
  describe(`${name} is a HotMaps`, () => {
    let opened: OpenedHotMaps;
    let hot: HotMaps;
    beforeEach(async () => {
      opened = await open();
      hot = opened.hot;
      await opened.makeMap(mapId, 4, { 0: 'a', 2: 'b' });
    });
    afterEach(() => opened.dispose());
    const create = (id: VolumeId, originMapId?: BlockMapId) =>
      opened.volumes.create({
        volumeId: id,
        sizeBytes: 4 * opened.blockBytes,
        ...(originMapId ? { originMapId } : {}),
      });
    const only = async (): Promise<HotMap | undefined> => (await hot.list())[0];

    test('what is made is listed, and takes no more than the blocks that the map has', async () => {
      expect(await hot.list()).toEqual([]);
      const before = await hot.room();
      expect(before.totalBytes).toBeGreaterThanOrEqual(before.freeBytes);
      await hot.make(mapId, work);
      await hot.make(mapId, work);
      expect(await hot.list()).toMatchObject([{ mapId, state: 'ready' }]);
      expect((await only())?.localBytes).toBeLessThan(3.5 * opened.blockBytes);
      expect((await hot.room()).freeBytes).toBeGreaterThan(0);
    });

    test('a map that does not exist is not made, and nothing is left of it', async () => {
      await expect(hot.make(otherMap, work)).rejects.toMatchObject({ name: 'MapMissingError' });
      expect(await hot.list()).toEqual([]);
    });

    test('what is aborted leaves nothing', async () => {
      await expect(hot.make(mapId, { signal: AbortSignal.abort() })).rejects.toThrow();
      expect(await hot.list()).toEqual([]);
    });

    test('a new disk gets the hot map of its origin, and reads without the block store', async () => {
      expect(await create(other, mapId)).toBe('store');
      await hot.make(mapId, work);
      expect(await create(volumeId, mapId)).toBe('hot');
      expect(await create(volumeId, mapId)).toBe('hot');
      expect(await create(other, mapId)).toBe('store');
      expect(await hot.usersOf(mapId)).toEqual([volumeId]);
      await opened.stopStore();
      expect(await opened.read(volumeId, 0)).toBe('a');
      expect(await opened.read(volumeId, 1)).toBeUndefined();
      expect(await opened.read(volumeId, 2)).toBe('b');
    });

    test('a disk without an origin has nothing behind it', async () => {
      await hot.make(mapId, work);
      expect(await create(volumeId)).toBe('none');
      expect(await hot.usersOf(mapId)).toEqual([]);
    });

    test('a disk of before changes to the hot map when a machine opens it', async () => {
      await create(volumeId, mapId);
      await hot.make(mapId, work);
      expect(await hot.usersOf(mapId)).toEqual([]);
      await opened.open(volumeId);
      expect(await hot.usersOf(mapId)).toEqual([volumeId]);
      await opened.stopStore();
      expect(await opened.read(volumeId, 2)).toBe('b');
    });

    test('a disk that is not at rest keeps its hot map; one at rest is moved', async () => {
      await hot.make(mapId, work);
      await create(volumeId, mapId);
      await create(other, mapId);
      expect(await hot.drop(mapId, async () => new Set([other]))).toBe(false);
      expect(await hot.usersOf(mapId)).toEqual([volumeId]);
      expect(await hot.list()).toHaveLength(1);
      expect(await hot.drop(mapId, everyDisk)).toBe(true);
      expect(await hot.drop(mapId, noDisk)).toBe(true);
      expect(await hot.list()).toEqual([]);
      expect(await hot.usersOf(mapId)).toEqual([]);
      expect(await opened.read(volumeId, 0)).toBe('a');
    });

    test('a disk that is opened while its hot map is dropped gets the block store', async () => {
      await hot.make(mapId, work);
      await create(volumeId, mapId);
      const dropped = hot.drop(mapId, async (ids) => {
        expect(await create(other, mapId)).toBe('store');
        await opened.open(volumeId);
        return new Set(ids);
      });
      expect(await dropped).toBe(true);
      expect(await hot.usersOf(mapId)).toEqual([]);
      expect(await opened.read(other, 2)).toBe('b');
    });

    test('a removed disk uses nothing', async () => {
      await hot.make(mapId, work);
      await create(volumeId, mapId);
      await opened.volumes.remove(volumeId);
      expect(await hot.usersOf(mapId)).toEqual([]);
      expect(await hot.drop(mapId, noDisk)).toBe(true);
    });

    test('after a start of the host disks use the block store until the file is checked', async () => {
      await hot.make(mapId, work);
      await create(volumeId, mapId);
      await opened.startHost();
      expect(await only()).toMatchObject({ state: 'unchecked' });
      expect(await create(other, mapId)).toBe('store');
      await opened.open(volumeId);
      expect(await hot.usersOf(mapId)).toEqual([]);
      expect(await hot.check(mapId, work)).toBe(0);
      expect(await only()).toMatchObject({ state: 'ready' });
      await opened.open(volumeId);
      expect(await hot.usersOf(mapId)).toEqual([volumeId]);
    });

    test('a damaged file is found, and no disk gets it again', async () => {
      await hot.make(mapId, work);
      await opened.damage(mapId);
      expect(await hot.check(mapId, work)).toBe(1);
      expect(await only()).toMatchObject({ state: 'damaged' });
      expect(await create(volumeId, mapId)).toBe('store');
      expect(await opened.read(volumeId, 0)).toBe('a');
      expect(await hot.drop(mapId, everyDisk)).toBe(true);
      await hot.make(mapId, work);
      expect(await only()).toMatchObject({ state: 'ready' });
    });

    test('what is not hot is not checked, and what has no map cannot be', async () => {
      expect(await hot.check(mapId, work)).toBe(0);
      await hot.make(mapId, work);
      await opened.pruneMap(mapId);
      await expect(hot.check(mapId, work)).rejects.toMatchObject({ name: 'MapMissingError' });
    });
  });
}
