import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { ListQuery, MetadataStore } from '@bakehouse/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { anAccount, anImage, anInstance } from '../sample-records.ts';
import { a, b, c, describeMetadataQueries } from './describe-metadata-queries.ts';

export interface OpenedMetadataStore {
  readonly store: MetadataStore;
  /** Closes the store and opens what it kept; absent when nothing outlives it. */
  reopen?(): Promise<MetadataStore>;
  dispose(): Promise<void>;
}

/** Something other than the store, which surely takes longer than one run of the event loop. */
const laterTurn = async () => {
  for (let turn = 0; turn < 3; turn += 1) await nextImmediate();
};

/** The promises of `MetadataStore`. `open` makes an empty one. */
export function describeMetadataStore(
  name: string,
  open: () => Promise<OpenedMetadataStore>,
): void {
  describe(`${name} is a MetadataStore`, () => {
    let opened: OpenedMetadataStore;
    let store: MetadataStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    const putAll = (...images: readonly (typeof a)[]) =>
      store.write(async (tx) => {
        for (const image of images) await tx.put('image', image);
      });
    const ids = async (query?: ListQuery<'image'>) => {
      const images = await store.read((tx) => tx.list('image', query));
      return images.map((image) => image.id);
    };

    test('what was written is read, and what was not written is undefined', async () => {
      await putAll(a);
      expect(await store.read((tx) => tx.get('image', a.id))).toEqual(a);
      expect(await store.read((tx) => tx.get('image', b.id))).toBeUndefined();
      expect(await store.read((tx) => tx.get('snapshot', a.id))).toBeUndefined();
    });

    test('records are deeply frozen copies of what was put', async () => {
      const tags: Record<string, string> = { k: 'v' };
      await putAll(anImage({ tags }));
      tags.k = 'changed';
      const read = await store.read((tx) => tx.get('image', anImage().id));
      expect(read?.tags).toEqual({ k: 'v' });
      expect(Object.isFrozen(read)).toBe(true);
      expect(Object.isFrozen(read?.blockDevices[0]?.ebs)).toBe(true);
    });

    describeMetadataQueries(() => ({ store, putAll, ids }));

    test('a write reads its own changes, in gets and lists', async () => {
      await putAll(a, c);
      await store.write(async (tx) => {
        await tx.put('image', b);
        await tx.put('image', { ...a, name: 'z' });
        await tx.delete('image', c.id);
        await tx.delete('image', 'ami-none');
        expect(await tx.get('image', b.id)).toEqual(b);
        expect(await tx.get('image', c.id)).toBeUndefined();
        expect((await tx.list('image')).map((image) => image.id)).toEqual([a.id, b.id]);
        expect(await tx.list('image', { where: { name: ['a'] } })).toEqual([]);
        expect(await tx.list('image', { where: { name: ['z'] } })).toHaveLength(1);
      });
      expect(await ids()).toEqual([a.id, b.id]);
    });

    test('a write that throws changes nothing and rethrows its own error', async () => {
      await putAll(a);
      const error = new Error('no');
      const failing = store.write(async (tx) => {
        await tx.put('image', b);
        await tx.delete('image', a.id);
        throw error;
      });
      await expect(failing).rejects.toBe(error);
      expect(await ids()).toEqual([a.id]);
    });

    test('one failing write does not disturb those around it', async () => {
      const outcomes = await Promise.allSettled([
        putAll(a),
        store.write(async (tx) => {
          await tx.put('image', { ...a, name: 'lost' });
          await tx.put('image', b);
          throw new Error('no');
        }),
        putAll(c),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await store.read((tx) => tx.list('image'))).toEqual([a, c]);
    });

    test('concurrent writes run as if one after the other', async () => {
      const increment = () =>
        store.write(async (tx) => {
          const before = Number((await tx.get('setting', 'count'))?.value ?? 0);
          await tx.list('setting');
          await tx.put('setting', { id: 'count', value: before + 1 });
          return before + 1;
        });
      const answers = await Promise.all(Array.from({ length: 600 }, increment));
      expect(answers).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
      expect((await store.read((tx) => tx.get('setting', 'count')))?.value).toBe(600);
    });

    test('a read sees the state before or after a write, whole, and never an unfinished one', async () => {
      await putAll(a, b);
      const rename = (to: string) => putAll({ ...a, name: to }, { ...b, name: to });
      const look = () =>
        store.read(async (tx) => {
          const first = await tx.get('image', a.id);
          const all = await tx.list('image');
          const second = await tx.get('image', b.id);
          return [first?.name, ...all.map((image) => image.name), second?.name];
        });
      await rename('0');
      const looks: Promise<readonly (string | undefined)[]>[] = [];
      for (let round = 1; round <= 50; round += 1) {
        const write = rename(`${round}`);
        looks.push(look());
        await Promise.resolve();
        looks.push(look());
        await write;
        looks.push(look());
        expect(new Set(await look())).toEqual(new Set([`${round}`]));
      }
      for (const seen of await Promise.all(looks)) expect(new Set(seen).size).toBe(1);
    });

    test('a write that awaits something else is refused without holding up others', async () => {
      const slow = store.write(async (tx) => {
        await tx.put('image', a);
        await laterTurn();
        await tx.put('image', b);
      });
      const quick = putAll(c);
      await expect(slow).rejects.toThrow(expect.objectContaining({ name: 'InvariantError' }));
      await quick;
      await laterTurn();
      expect(await ids()).toEqual([c.id]);
    });

    test('a function that never ends is refused, reading or writing', async () => {
      const forEver = () => new Promise<never>(() => {});
      for (const slow of [store.read(forEver), store.write(forEver)]) {
        await expect(slow).rejects.toThrow(expect.objectContaining({ name: 'InvariantError' }));
      }
      await putAll(a);
      expect(await ids()).toEqual([a.id]);
    });

    test('a read that awaits something else is refused', async () => {
      const slow = store.read(async (tx) => {
        await laterTurn();
        return tx.get('image', a.id);
      });
      await expect(slow).rejects.toThrow(expect.objectContaining({ name: 'InvariantError' }));
    });

    test('a transaction is refused after its end', async () => {
      const kept = await store.write(async (tx) => ({ tx }));
      const late = kept.tx.put('image', a);
      await expect(late).rejects.toThrow(expect.objectContaining({ name: 'InvariantError' }));
      expect(await ids()).toEqual([]);
    });

    test('a reset leaves only the kinds that are kept', async () => {
      await putAll(a, b);
      await store.write(async (tx) => {
        await tx.put('account', anAccount());
        await tx.put('instance', anInstance());
      });
      await store.reset(['account']);
      expect(await ids()).toEqual([]);
      expect(await ids({ where: { name: ['a'] } })).toEqual([]);
      expect(await store.read((tx) => tx.list('instance'))).toEqual([]);
      expect(await store.read((tx) => tx.list('account'))).toEqual([anAccount()]);
      await putAll(a);
      expect(await ids({ where: { name: ['a'] } })).toEqual([a.id]);
    });

    test('a reset leaves the settings that are kept', async () => {
      const settings = () => store.read((tx) => tx.list('setting'));
      await store.write(async (tx) => {
        await tx.put('setting', { id: 'kept', value: { a: 1 } });
        await tx.put('setting', { id: 'other', value: 2 });
      });
      for (const _ of [1, 2]) {
        await store.reset(['account'], ['kept', 'absent']);
        expect(await settings()).toEqual([{ id: 'kept', value: { a: 1 } }]);
      }
      store = (await opened.reopen?.()) ?? store;
      expect(await settings()).toEqual([{ id: 'kept', value: { a: 1 } }]);
      await store.reset(['setting'], ['kept']);
      expect(await settings()).toHaveLength(1);
      await store.reset([]);
      expect(await settings()).toEqual([]);
    });

    test('close waits for what was asked for before it, and refuses everything after it', async () => {
      const write = putAll(a);
      const closing = store.close();
      await write;
      await closing;
      await expect(ids()).rejects.toThrow();
      await expect(putAll(b)).rejects.toThrow();
      await store.close();
    });

    test('what was acknowledged exists when the store is opened again', async ({ skip }) => {
      if (!opened.reopen) return skip('this store is lost when it is closed');
      await putAll(a, b, c);
      await store.write((tx) => tx.delete('image', b.id));
      store = await opened.reopen();
      expect(await store.read((tx) => tx.list('image'))).toEqual([a, c]);
      expect(await ids({ where: { tag: ['team=x'] } })).toEqual([c.id]);
    });
  });
}
