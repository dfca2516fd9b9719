import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockMapId, PrunableSnapshotStore } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeDrafts } from './describe-drafts.ts';
import { describeSnapshotReader } from './describe-snapshot-reader.ts';
import {
  type OpenedSnapshotStore,
  placesIn,
  readWord,
  type TestDisk,
} from './opened-snapshot-store.ts';

const first: BlockMapId = 'map-00000000000000001';
const second: BlockMapId = 'map-00000000000000002';
const third: BlockMapId = 'map-00000000000000003';

/** The promises of `PrunableSnapshotStore`, and of the ports that it extends. `open` makes an empty one. */
export function describeSnapshotStore(
  name: string,
  open: () => Promise<OpenedSnapshotStore>,
): void {
  describeSnapshotReader(name, open);
  describeDrafts(name, open);
  describe(`${name} is a PrunableSnapshotStore`, () => {
    let opened: OpenedSnapshotStore;
    let store: PrunableSnapshotStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    const disk = (blocks: Record<number, string>, changed?: readonly number[]): TestDisk => ({
      sizeBytes: 8 * opened.blockBytes,
      blocks: new Map(Object.entries(blocks).map(([index, word]) => [Number(index), word])),
      ...(changed ? { changed } : {}),
    });
    const capture = async (mapId: BlockMapId, from: TestDisk, baseMapId?: BlockMapId) => {
      const source = await opened.offer(from);
      return await store.capture({ mapId, source, ...(baseMapId ? { baseMapId } : {}) });
    };
    const words = (mapId: BlockMapId) =>
      Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((index) => readWord(opened, mapId, index)));
    const none = undefined;

    test('a capture has the content of its source, and counts what is not zero', async () => {
      const summary = await capture(first, disk({ 0: 'a', 3: 'b', 7: 'a' }));
      expect(summary).toMatchObject({
        mapId: first,
        sizeBytes: 8 * opened.blockBytes,
        blockCount: 3,
      });
      expect(await words(first)).toEqual(['a', none, none, 'b', none, none, none, 'a']);
      expect(await store.find(first)).toEqual(summary);
      expect(await store.list()).toEqual([first]);
    });

    test('a map that does not exist is not found', async () => {
      expect(await store.find(first)).toBeUndefined();
      expect(await store.list()).toEqual([]);
    });

    test('capturing into a map that exists returns its summary and changes nothing', async () => {
      const summary = await capture(first, disk({ 0: 'a' }));
      expect(await capture(first, disk({ 0: 'b', 1: 'c' }))).toEqual(summary);
      expect((await words(first)).slice(0, 2)).toEqual(['a', none]);
    });

    test('blocks outside the changed ranges come from the base', async () => {
      await capture(first, disk({ 0: 'a', 1: 'b', 2: 'c' }));
      const summary = await capture(second, disk({ 0: 'x', 1: 'y', 3: 'z' }, [1, 2, 3]), first);
      expect((await words(second)).slice(0, 4)).toEqual(['a', 'y', none, 'z']);
      expect((await words(first)).slice(0, 4)).toEqual(['a', 'b', 'c', none]);
      expect(summary.blockCount).toBe(3);
    });

    test('content that exists already is not stored again', async () => {
      await capture(first, disk({ 0: 'a', 1: 'b' }));
      const summary = await capture(second, disk({ 2: 'b', 5: 'a' }));
      expect(summary.addedBytes).toBe(0);
    });

    test('an aborted capture leaves no map, and can be made again', async () => {
      const source = await opened.offer(disk({ 0: 'a' }));
      const abort = new AbortController();
      abort.abort(new Error('enough'));
      const capturing = store.capture({ mapId: first, source }, { signal: abort.signal });
      await expect(capturing).rejects.toThrow('enough');
      expect(await store.find(first)).toBeUndefined();
      await store.capture({ mapId: first, source });
      expect((await words(first))[0]).toBe('a');
    });

    test('progress goes up and ends at its total', async () => {
      const source = await opened.offer(disk({ 0: 'a', 4: 'b' }));
      const seen: number[] = [];
      let totalBytes = 0;
      await store.capture(
        { mapId: first, source },
        {
          onProgress(progress) {
            seen.push(progress.doneBytes);
            totalBytes = progress.totalBytes;
          },
        },
      );
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen.at(-1)).toBe(totalBytes);
      expect(totalBytes).toBeGreaterThanOrEqual(2 * opened.blockBytes);
    });

    test('usage adds up, and keeps shared and unique bytes apart', async () => {
      await capture(first, disk({ 0: 'a', 1: 'b' }));
      await capture(second, disk({ 0: 'a', 1: 'c' }));
      const usage = await store.usage();
      expect(usage.onDiskBytes).toBe(
        usage.liveBytes + usage.reclaimableBytes + usage.overheadBytes,
      );
      expect(usage.maps.map(({ mapId }) => mapId).sort()).toEqual([first, second]);
      expect(usage.maps.map(({ blockCount }) => blockCount)).toEqual([2, 2]);
      const held = usage.held.map(({ maps }) => placesIn(maps).join());
      expect(held.sort()).toEqual(['0', '0,1', '1']);
      expect(usage.held.every(({ bytes }) => bytes > 0)).toBe(true);
      expect(usage.held.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(usage.liveBytes);
    });

    test('prune removes what it is asked to, and keeps what others share', async () => {
      await capture(first, disk({ 0: 'a', 1: 'b' }));
      await capture(second, disk({ 0: 'a', 1: 'c' }));
      const result = await store.prune(new Set([first, third]));
      expect(result).toMatchObject({ removedMaps: 1, removedChunks: 1 });
      expect(result.freedBytes).toBeGreaterThan(0);
      expect(await store.find(first)).toBeUndefined();
      expect(await store.list()).toEqual([second]);
      expect((await words(second)).slice(0, 2)).toEqual(['a', 'c']);
      expect((await store.verify()).problems).toEqual([]);
    });

    test('a prune while a capture runs removes nothing that the capture needs', async () => {
      await capture(first, disk({ 0: 'a', 1: 'b' }));
      const capturing = capture(second, disk({ 0: 'a', 2: 'd' }));
      await store.prune(new Set([first, second]));
      await capturing;
      expect((await words(second)).slice(0, 3)).toEqual(['a', none, 'd']);
      expect((await store.verify()).problems).toEqual([]);
    });

    test.each([0, 1, 2, 5])(
      'a capture that begins %i turns after a prune of its base is whole, or has no base',
      async (turns) => {
        await capture(first, disk({ 0: 'a', 1: 'b' }));
        const source = await opened.offer(disk({ 0: 'a', 1: 'b', 2: 'c' }, [2]));
        const pruning = store.prune(new Set([first]));
        for (let turn = 0; turn < turns; turn += 1) await nextTurn();
        const capturing = store.capture({ mapId: second, source, baseMapId: first });
        const isMade = await capturing.then(
          () => true,
          () => false,
        );
        expect((await pruning).removedMaps).toBe((await store.find(first)) ? 0 : 1);
        expect((await store.list()).includes(second)).toBe(isMade);
        if (isMade) expect((await words(second)).slice(0, 3)).toEqual(['a', 'b', 'c']);
        expect((await store.verify()).problems).toEqual([]);
      },
    );

    test('verify counts what it read, and names a damaged block and its users', async ({
      skip,
    }) => {
      await capture(first, disk({ 0: 'a', 1: 'b' }));
      await capture(second, disk({ 0: 'a' }));
      expect(await store.verify()).toEqual({ checkedChunks: 2, checkedMaps: 2, problems: [] });
      if (!opened.damage) return skip('the harness cannot damage');
      await opened.damage(first, 1);
      const { problems } = await store.verify();
      expect(problems).toHaveLength(1);
      expect(problems[0]?.usedBy).toEqual([first]);
      await expect(readWord(opened, first, 1)).rejects.toThrow();
      expect(await readWord(opened, second, 0)).toBe('a');
    });
  });
}
