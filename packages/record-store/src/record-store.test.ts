import { setImmediate } from 'node:timers';
import { systemClock } from '@bakehouse/base';
import type { KeyPairId, MetadataTransaction } from '@bakehouse/domain';
import { aKeyPair, describeMetadataStore } from '@bakehouse/testkit';
import { expect, test, vi } from 'vitest';
import type { RecordDatabase } from './record-database.ts';
import { RecordStore } from './record-store.ts';
import { MemoryDatabase } from './testing/memory-database.ts';
import { remote } from './testing/remote-database.ts';

const cacheLimitChars = 1_000_000;

function keepBusy(ms: number): void {
  for (const began = performance.now(); performance.now() - began < ms; );
}

function opened(database: RecordDatabase, limit = cacheLimitChars) {
  const open = () => new RecordStore(database, { cacheLimitChars: limit });
  let store = open();
  return {
    store,
    async reopen() {
      await store.close();
      store = open();
      return store;
    },
    dispose: () => store.close(),
  };
}

describeMetadataStore('a store on a local database', async () => opened(new MemoryDatabase()));
describeMetadataStore('a store on a remote database', async () =>
  opened(remote(new MemoryDatabase())),
);
describeMetadataStore('a store on a remote database without a cache', async () =>
  opened(remote(new MemoryDatabase()), 0),
);

test('writes that are under way together share a commit', async () => {
  const database = new MemoryDatabase();
  const store = new RecordStore(database, { cacheLimitChars });
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      store.write((tx) => tx.put('keyPair', aKeyPair({ id: `key-${index}` }))),
    ),
  );
  expect(database.commits).toBe(1);
  expect(await store.read((tx) => tx.count('keyPair'))).toBe(100);
});

test('writes that wait for a database far away do not keep the first waiting for the last', async () => {
  const memory = new MemoryDatabase();
  const database: RecordDatabase = {
    ...remote(memory),
    find: async (...args) => {
      await systemClock.sleep(5);
      return await memory.find(...args);
    },
  };
  const store = new RecordStore(database, { cacheLimitChars });
  const ids = Array.from({ length: 40 }, (_, index) => `key-${index}` as const);
  const begun = new Set<string>();
  let begunAtFirst = 0;
  const writes = ids.map((id) =>
    store.write(async (tx) => {
      begun.add(id);
      if ((await tx.get('keyPair', id)) === undefined) await tx.put('keyPair', aKeyPair({ id }));
    }),
  );
  void writes[0]?.then(() => {
    begunAtFirst = begun.size;
  });
  await Promise.all(writes);
  expect(begunAtFirst).toBeGreaterThan(0);
  expect(begunAtFirst).toBeLessThan(ids.length);
  expect(await store.read((tx) => tx.count('keyPair'))).toBe(ids.length);
});

// So long that each gives others a turn.
const busyMs = 12;
test.each<[string, typeof remote, (tx: MetadataTransaction) => Promise<unknown>]>([
  ['reads of a database in this process', (memory) => memory, (tx) => tx.list('keyPair')],
  ['other work, of a database far away', remote, async () => keepBusy(busyMs)],
])('writes that keep the processor busy share a commit: with %s', async (_, wrap, work) => {
  const database = new MemoryDatabase();
  const store = new RecordStore(wrap(database), { cacheLimitChars: 1 });
  const write = (id: KeyPairId) =>
    store.write(async (tx) => {
      await work(tx);
      await tx.put('keyPair', aKeyPair({ id }));
    });
  // Lists of what exists are read from the database, as it is too large for the cache.
  await write('key-first');
  const { walk } = database;
  vi.spyOn(database, 'walk').mockImplementation((...args) => {
    keepBusy(busyMs);
    return walk.apply(database, args);
  });
  database.commits = 0;
  await Promise.all(Array.from({ length: 8 }, (_each, index) => write(`key-${index}`)));
  expect(database.commits).toBe(1);
});

test('a read that commits overtake runs again, and in the end among the writes', async () => {
  const store = new RecordStore(remote(new MemoryDatabase()), { cacheLimitChars: 0 });
  const put = (name: string) =>
    store.write(async (tx) => {
      for (const id of ['key-1', 'key-2'] as const) await tx.put('keyPair', aKeyPair({ id, name }));
    });
  await put('0');
  let isReading = true;
  const writing = (async () => {
    for (let commits = 1; isReading; commits += 1) await put(String(commits));
  })();
  let runs = 0;
  const seen = await store.read(async (tx) => {
    runs += 1;
    const names = new Set<string | undefined>();
    for (let turn = 0; turn < 20; turn += 1) {
      for (const id of ['key-1', 'key-2']) names.add((await tx.get('keyPair', id))?.name);
    }
    return names;
  });
  isReading = false;
  await writing;
  expect([seen.size, runs]).toEqual([1, 4]);
});

test('others have their turn during a long write, and see nothing of it before its end', async () => {
  const store = new RecordStore(new MemoryDatabase(), { cacheLimitChars });
  const seen: number[] = [];
  let isWriting = true;
  const look = async () => {
    seen.push(await store.read((tx) => tx.count('keyPair')));
    if (isWriting) setImmediate(look);
  };
  setImmediate(look);
  await store.write(async (tx) => {
    for (let index = 0; index < 5; index += 1) {
      const until = performance.now() + 15;
      while (performance.now() < until);
      await tx.put('keyPair', aKeyPair({ id: `key-${index}` }));
    }
    isWriting = false;
  });
  expect(seen.length).toBeGreaterThanOrEqual(5);
  expect(new Set(seen)).toEqual(new Set([0]));
  expect(await store.read((tx) => tx.count('keyPair'))).toBe(5);
});

test('a commit that fails refuses all its writes and changes nothing', async () => {
  const failure = new Error('the disk is full');
  for (const wrap of [remote, (database: RecordDatabase) => database]) {
    const database = new MemoryDatabase();
    const store = new RecordStore(wrap(database), { cacheLimitChars });
    await store.write((tx) => tx.put('keyPair', aKeyPair({ name: 'before' })));
    const commit = database.commit.bind(database);
    database.commit = () => {
      throw failure;
    };
    const put = (name: string) => store.write((tx) => tx.put('keyPair', aKeyPair({ name })));
    const outcomes = await Promise.allSettled([put('a'), put('b')]);
    expect(outcomes).toEqual([failure, failure].map((reason) => ({ status: 'rejected', reason })));
    database.commit = commit;
    const names = async () =>
      (await store.read((tx) => tx.list('keyPair'))).map(({ name }) => name);
    expect(await names()).toEqual(['before']);
    await put('after');
    expect(await names()).toEqual(['after']);
  }
});

const intact = aKeyPair({ id: 'key-intact' });
const damaged = aKeyPair({ id: 'key-damaged' });
const unindexable = { ...aKeyPair({ id: 'key-unindexable' }), tags: JSON.parse('null') };
const damagedSetting = { id: 'damaged', value: 'new' };

test.each<[string, (tx: MetadataTransaction) => Promise<void>]>([
  ['whose earlier record cannot be read', (tx) => tx.put('keyPair', damaged)],
  ['that the index cannot take', (tx) => tx.put('keyPair', unindexable)],
  [
    'that fails at once beside one that fails after a read',
    async (tx) => {
      await tx.put('setting', damagedSetting);
      await tx.put('keyPair', unindexable);
    },
  ],
])('a record %s refuses the write, and later writes work', async (_, write) => {
  for (const wrap of [remote, (database: RecordDatabase) => database]) {
    const database = new MemoryDatabase();
    const put = [
      { kind: 'keyPair', id: damaged.id, body: '{' },
      { kind: 'setting', id: damagedSetting.id, body: '{' },
    ] as const;
    await database.commit({ clear: [], put, remove: [], removeIndex: [], addIndex: [] });
    const store = new RecordStore(wrap(database), { cacheLimitChars });
    // The earlier record is in the cache, so that the index fails before any read returns.
    await store.write((tx) => tx.put('keyPair', aKeyPair({ id: unindexable.id })));
    await expect(store.write(write)).rejects.toThrow();
    await store.write((tx) => tx.put('keyPair', intact));
    expect(await store.read((tx) => tx.get('keyPair', intact.id))).toEqual(intact);
  }
});
