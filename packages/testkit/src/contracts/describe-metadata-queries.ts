import {
  type Image,
  type ListQuery,
  type MetadataReader,
  type MetadataStore,
  prefixRange,
  type RecordQuery,
  type ValueRange,
} from '@bakehouse/domain';
import { describe, expect, test } from 'vitest';
import { anImage } from '../sample-records.ts';

export const a = anImage({ id: 'ami-0000000000000000a', name: 'a' });
export const b = anImage({ id: 'ami-0000000000000000b', name: 'b', region: 'us-west-2' });
export const c = anImage({
  id: 'ami-0000000000000000c',
  name: 'c',
  tags: { team: 'x', env: 'dev' },
});

/** All records of a walk by pages, each of which keeps its promises. */
async function walk(
  tx: MetadataReader,
  query: RecordQuery<'image'>,
  limit: number,
): Promise<readonly Image[]> {
  const found: Image[] = [];
  let after = '';
  for (;;) {
    const { records, next } = await tx.page('image', { ...query, after, limit });
    expect(records.length).toBeLessThanOrEqual(limit);
    found.push(...records);
    if (next === undefined) return found;
    expect(next > after, 'a page that is not the last one goes on').toBe(true);
    after = next;
  }
}

export interface QueriedStore {
  readonly store: MetadataStore;
  putAll(...images: readonly Image[]): Promise<void>;
  /** The ids of the images that a query lists. */
  ids(query?: ListQuery<'image'>): Promise<readonly string[]>;
}

/** The promises of `MetadataReader`: what queries find. `opened` returns the empty store of the test. */
export function describeMetadataQueries(opened: () => QueriedStore): void {
  describe('queries', () => {
    const putAll: QueriedStore['putAll'] = (...images) => opened().putAll(...images);
    const ids: QueriedStore['ids'] = (query) => opened().ids(query);

    test('getMany has one entry for each id, in their order, repeated ones too', async () => {
      await putAll(a, b);
      const many = [b.id, 'ami-0000000000000000f', a.id, b.id];
      expect(await opened().store.read((tx) => tx.getMany('image', many))).toEqual([
        b,
        undefined,
        a,
        b,
      ]);
      expect(await opened().store.read((tx) => tx.getMany('image', []))).toEqual([]);
      await opened().store.write(async (tx) => {
        await tx.put('image', c);
        await tx.delete('image', a.id);
        expect(await tx.getMany('image', [a.id, c.id, b.id])).toEqual([undefined, c, b]);
      });
    });

    test('a list is in order of id', async () => {
      const ids = ['ami-b', 'ami-B', 'ami-', 'ami-~', 'ami-1', 'ami-10', 'ami-2'] as const;
      await putAll(...ids.map((id) => anImage({ id })));
      const listed = await opened().store.read((tx) => tx.list('image'));
      expect(listed.map((image) => image.id)).toEqual([...ids].sort());
    });

    test('an id that is not printable ASCII is refused', async () => {
      for (const id of ['', 'ami-é', 'ami-\n', 'ami-\u{1f600}'] as Image['id'][]) {
        await expect(putAll(anImage({ id }))).rejects.toThrow('printable ASCII');
      }
      expect(await ids()).toEqual([]);
    });

    test('an id that is not printable ASCII is of no record', async () => {
      await putAll(a);
      for (const id of ['', 'ami-\0', 'ami-\x7f', 'ami-é', 'ami-\ud800', `${a.id}\0`]) {
        const { store } = opened();
        expect(await store.read((tx) => tx.get('image', id))).toBeUndefined();
        expect(await store.read((tx) => tx.getMany('image', [id, a.id]))).toEqual([undefined, a]);
        await store.write(async (tx) => {
          await tx.delete('image', id);
          expect(await tx.get('image', id)).toBeUndefined();
        });
      }
      expect(await ids()).toEqual([a.id]);
    });

    test('any text is a place among the ids', async () => {
      await putAll(a, b, c);
      const stem = a.id.slice(0, -1);
      for (const [after, expected] of [
        [`${stem}\0`, [a.id, b.id, c.id]],
        [`${a.id}\0`, [b.id, c.id]],
        [`${a.id}\ud800`, [b.id, c.id]],
        [`${stem}\ud800\0`, []],
        [`${stem}é`, []],
      ] as const) {
        expect(await ids({ after })).toEqual(expected);
        const named = { region: a.region, where: { name: ['a', 'b', 'c'] } };
        const page = await opened().store.read((tx) =>
          tx.page('image', { ...named, after, limit: 10 }),
        );
        expect(page.records.map(({ id }) => id)).toEqual(expected.filter((id) => id !== b.id));
      }
    });

    test('after and limit cut a list, also among the changes of a write', async () => {
      await putAll(a, b, c);
      expect(await ids({ limit: 2 })).toEqual([a.id, b.id]);
      expect(await ids({ after: a.id, limit: 1 })).toEqual([b.id]);
      expect(await ids({ after: 'ami-0000000000000000aa' })).toEqual([b.id, c.id]);
      expect(await ids({ after: c.id })).toEqual([]);
      expect(await ids({ limit: 0 })).toEqual([]);
      await opened().store.write(async (tx) => {
        await tx.delete('image', a.id);
        const found = await tx.list('image', { limit: 2 });
        expect(found.map(({ id }) => id)).toEqual([b.id, c.id]);
        await tx.put('image', { ...a, id: 'ami-0000000000000000bb' });
        const middle = await tx.list('image', { after: b.id, limit: 1 });
        expect(middle.map(({ id }) => id)).toEqual(['ami-0000000000000000bb']);
      });
    });

    test('ranges of index values find those in any of them', async () => {
      const names = ['a', 'aa', 'ab', 'b', 'ab\u{1f600}', 'ab\uffee', '\uffee', '\u{1f600}', 'a\0'];
      await putAll(...names.map((name, index) => anImage({ id: `ami-${index}`, name })));
      const found = async (...name: ValueRange[]) => {
        const images = await opened().store.read((tx) => tx.list('image', { ranges: { name } }));
        return images.map((image) => image.name);
      };
      expect(await found(prefixRange('ab'))).toEqual(['ab', 'ab\u{1f600}', 'ab\uffee']);
      expect(await found({ from: 'aa', below: 'b' })).toHaveLength(4);
      expect(await found({ from: '\uffee' })).toEqual(['\uffee', '\u{1f600}']);
      expect(await found({ below: 'aa' })).toEqual(['a', 'a\0']);
      expect(await found({})).toHaveLength(names.length);
      expect(await found({ below: 'aa' }, prefixRange('a\0'), { from: '\u{1f600}' })).toEqual([
        'a',
        '\u{1f600}',
        'a\0',
      ]);
      expect(await found()).toEqual([]);
      const where = { name: ['ab'] };
      const both = await opened().store.read((tx) =>
        tx.list('image', { where, ranges: { name: [{ below: 'ab' }] } }),
      );
      expect(both).toEqual([]);
    });

    test('a count is the number of records listed', async () => {
      await putAll(a, b, c);
      const queries: RecordQuery<'image'>[] = [
        {},
        { region: 'us-east-1' },
        { where: { owner: [a.ownerId] } },
        { where: { owner: [a.ownerId] }, region: 'us-west-2' },
        { where: { tag: ['team=x'], name: ['c', 'a'] } },
        { ranges: { name: [{ from: 'b' }, { from: 'c' }] } },
        { where: { name: ['none'] } },
      ];
      const agree = async (tx: MetadataReader) => {
        for (const query of queries) {
          expect(await tx.count('image', query)).toBe((await tx.list('image', query)).length);
        }
      };
      await opened().store.read(agree);
      await opened().store.write(async (tx) => {
        await tx.put('image', { ...a, name: 'c', region: 'us-west-2' });
        await tx.delete('image', c.id);
        await agree(tx);
      });
    });

    test('pages of any size make up the list, among the changes of a write too', async () => {
      const many = Array.from({ length: 40 }, (_, index) =>
        anImage({ id: `ami-${index + 100}`, name: `n${index % 3}`, tags: { k: `${index % 2}` } }),
      );
      await putAll(...many);
      const queries: RecordQuery<'image'>[] = [
        {},
        { where: { name: ['n1'] } },
        { where: { name: ['n1', 'n2'], tag: ['k=0'] } },
        { ranges: { name: [{ from: 'n1' }] } },
      ];
      const agree = async (tx: MetadataReader) => {
        for (const query of queries) {
          const whole = await tx.list('image', query);
          for (const limit of [1, 7, 100]) expect(await walk(tx, query, limit)).toEqual(whole);
        }
      };
      await opened().store.read(agree);
      await opened().store.write(async (tx) => {
        for (const { id } of many.slice(5, 20)) await tx.delete('image', id);
        for (const image of many.slice(30)) await tx.put('image', { ...image, name: 'n1' });
        await tx.put('image', anImage({ id: 'ami-0', name: 'n1', tags: { k: '0' } }));
        await tx.put('image', anImage({ id: 'ami-999', name: 'n2' }));
        await agree(tx);
      });
    });

    test('a list is narrowed by region and by every index named', async () => {
      await putAll(a, b, c);
      expect(await ids({ region: 'us-west-2' })).toEqual([b.id]);
      expect(await ids({ where: { name: ['c', 'a', 'none'] } })).toEqual([a.id, c.id]);
      expect(await ids({ where: { name: ['a', 'b'] }, region: 'us-east-1' })).toEqual([a.id]);
      expect(await ids({ where: { tag: ['team=x'], state: ['available'] } })).toEqual([c.id]);
      expect(await ids({ where: { tag: ['team=x'], name: ['a'] } })).toEqual([]);
      expect(await ids({ where: { name: [] } })).toEqual([]);
      expect(await ids({ where: {} })).toEqual([a.id, b.id, c.id]);
    });

    test('a record is found by its new values and no longer by its old ones', async () => {
      await putAll(c);
      await putAll({ ...c, name: 'd', tags: { team: 'y' }, region: 'us-west-2' });
      expect(await ids({ where: { name: ['c'] } })).toEqual([]);
      expect(await ids({ where: { tagKey: ['env'] } })).toEqual([]);
      expect(await ids({ where: { tag: ['team=y'] }, region: 'us-east-1' })).toEqual([]);
      expect(await ids({ where: { tag: ['team=y'], name: ['d'] }, region: 'us-west-2' })).toEqual([
        c.id,
      ]);
    });

    test.each(['a\0b', '\ud800', '\ue000', '\ue0000000', '%_\'"\\', '', 'é\u0301', '__proto__'])(
      'any text is found again as it was: %j',
      async (text) => {
        const odd = anImage({ name: text, tags: Object.fromEntries([[text, text]]) });
        await putAll(odd, b);
        expect(await ids({ where: { name: [text], tag: [`${text}=${text}`] } })).toEqual([odd.id]);
        expect(await ids({ where: { name: [`${text} `] } })).toEqual([]);
        expect(await opened().store.read((tx) => tx.get('image', odd.id))).toEqual(odd);
      },
    );

    test('an index that the kind does not have is refused', async () => {
      const where = JSON.parse('{"colour":["red"]}');
      const ranges = JSON.parse('{"colour":[{"from":"red"}]}');
      for (const query of [{ where }, { ranges }]) {
        await expect(opened().store.read((tx) => tx.list('image', query))).rejects.toThrow(
          /colour/,
        );
        await expect(opened().store.read((tx) => tx.count('image', query))).rejects.toThrow(
          /colour/,
        );
        const page = { ...query, limit: 1 };
        await expect(opened().store.read((tx) => tx.page('image', page))).rejects.toThrow(/colour/);
      }
    });
  });
}
