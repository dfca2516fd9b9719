import type { PlatformEvent } from '@bakehouse/admin-api';
import { ManualClock, MemoryMetadataStore } from '@bakehouse/fakes';
import { aBake, anAccessKey, anImage, anInstance, aSnapshot } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { firstAccountId } from '../platform/accounts.ts';
import { ChangeFeed } from './change-feed.ts';
import type { LogEntry } from './event-log.ts';

const [owner, other] = ['111111111111', '222222222222'];

function newFeed() {
  const clock = new ManualClock();
  const feed = new ChangeFeed({ clock, stamp: 'run' });
  return { clock, feed, store: feed.observe(new MemoryMetadataStore()) };
}

/** What an account has been shown since the feed began. */
async function shownTo(feed: ChangeFeed, accountId: string): Promise<PlatformEvent[]> {
  const leaving = new AbortController();
  const reader = feed.log.read({ accountId, after: 'run-0' }, leaving.signal);
  const events: PlatformEvent[] = [];
  for (;;) {
    const idle = new Promise<LogEntry | undefined>((resolve) => setImmediate(resolve, undefined));
    const entry = await Promise.race([reader.next().then(({ value }) => value ?? undefined), idle]);
    if (!entry) break;
    if (entry.type === 'event') events.push(entry.event);
  }
  leaving.abort();
  return events;
}

const briefly = (events: readonly PlatformEvent[]) =>
  events.map((event) => (event.type === 'record' ? `${event.change} ${event.state ?? ''}` : ''));

const instance = anInstance({ ownerId: owner, state: 'pending' });

test('each commit of a record is an event, for its owner', async () => {
  const { feed, store } = newFeed();
  await store.write(async (tx) => {
    await tx.put('instance', instance);
    await tx.delete('instance', 'i-0ffffffffffffffff');
  });
  await store.write((tx) => tx.put('instance', { ...instance, state: 'running' }));
  await store.write((tx) => tx.delete('instance', instance.id));
  expect(await shownTo(feed, owner)).toMatchObject([
    { change: 'put', kind: 'instance', id: instance.id, region: instance.region, state: 'pending' },
    { change: 'put', state: 'running' },
    { change: 'deleted', id: instance.id },
  ]);
  expect(await shownTo(feed, other)).toEqual([]);
});

test('a guest that is paused is shown with the reason, and without it when it goes on or is gone', async () => {
  const { feed, store } = newFeed();
  const status = { system: 'ok', instance: 'impaired', pausedBecause: 'the disk is full' } as const;
  const running = { ...instance, state: 'running' } as const;
  await store.write((tx) => tx.put('instance', { ...running, status }));
  await store.write((tx) => tx.put('instance', running));
  await store.write((tx) => tx.put('instance', { ...running, status }));
  await store.write((tx) => tx.delete('instance', instance.id));
  const problems = (await shownTo(feed, owner)).map((each) =>
    each.type === 'record' ? each.problem : undefined,
  );
  const { pausedBecause: problem } = status;
  expect(problems).toEqual([problem, undefined, problem, undefined]);
});

test('a commit is one event a record, from its first state to its last, although its function runs twice', async () => {
  // The store in memory runs each function twice.
  const { feed, store } = newFeed();
  const launchPermissions = { everyone: true, accountIds: [] };
  const image = anImage({ ownerId: owner, state: 'available', launchPermissions });
  const [brief, kept] = [
    aSnapshot({ ownerId: owner }),
    aSnapshot({ id: 'snap-kept', ownerId: owner }),
  ];
  await store.write((tx) => tx.put('image', image));
  await store.write(async (tx) => {
    await tx.put('instance', instance);
    await tx.put('instance', { ...instance, state: 'running' });
    await tx.put('image', { ...image, description: 'for a moment' });
    await tx.put('image', { ...image, lastLaunchedAt: 1 });
    await tx.put('snapshot', brief);
    await tx.delete('snapshot', brief.id);
    await tx.put('snapshot', kept);
  });
  await store.write(async (tx) => {
    for (const _ of [1, 2]) await tx.delete('instance', instance.id);
    for (const _ of [1, 2]) await tx.delete('snapshot', kept.id);
  });
  expect(await shownTo(feed, owner)).toMatchObject([
    { change: 'put', id: image.id },
    { change: 'put', id: instance.id, state: 'running' },
    { change: 'put', id: image.id },
    { change: 'put', id: kept.id },
    { change: 'deleted', id: instance.id },
    { change: 'deleted', id: kept.id },
  ]);
  expect(await shownTo(feed, other)).toMatchObject([{ change: 'put', id: image.id }]);
});

test('what is not committed is no event', async () => {
  const { feed, store } = newFeed();
  const failing = store.write(async (tx) => {
    await tx.put('instance', instance);
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(await shownTo(feed, owner)).toEqual([]);
});

test('secrets are no events', async () => {
  const { feed, store } = newFeed();
  await store.write((tx) => tx.put('accessKey', anAccessKey({ accountId: owner })));
  expect(await shownTo(feed, owner)).toEqual([]);
  expect(await shownTo(feed, firstAccountId)).toEqual([]);
});

test('launches and tags of a public image are events for its owner only', async () => {
  const { feed, store } = newFeed();
  const launchPermissions = { everyone: true, accountIds: [] };
  const image = anImage({ ownerId: owner, state: 'available', launchPermissions });
  await store.write((tx) => tx.put('image', image));
  await store.write((tx) => tx.put('image', { ...image, lastLaunchedAt: 1, earlierLaunches: [] }));
  await store.write((tx) => tx.put('image', { ...image, tags: { of: 'mine' } }));
  expect(await shownTo(feed, owner)).toHaveLength(3);
  expect(await shownTo(feed, other)).toHaveLength(1);
  const described = { ...image, tags: { of: 'mine' }, description: 'new' };
  await store.write((tx) => tx.put('image', described));
  expect(await shownTo(feed, other)).toHaveLength(2);
});

test.each([
  ['image', anImage({ ownerId: owner, state: 'available' })],
  ['snapshot', aSnapshot({ ownerId: owner })],
] as const)(
  'tags of an account and permissions of others of a shared %s are not events for all who see it',
  async (kind, record) => {
    const { feed, store } = newFeed();
    const third = '333333333333';
    const counts = async () => {
      const shown = [owner, other, third].map((accountId) => shownTo(feed, accountId));
      return (await Promise.all(shown)).map(({ length }) => length);
    };
    const put = (everyone: boolean, accountIds: string[], othersTags = {}) => {
      const sharing = { everyone, accountIds };
      const change =
        kind === 'image' ? { launchPermissions: sharing } : { createVolumePermissions: sharing };
      return store.write((tx) => tx.put(kind, { ...record, ...change, othersTags }));
    };
    await put(true, []);
    expect(await counts()).toEqual([1, 1, 1]);
    // Another account tags it.
    const othersTags = { [other]: { of: 'other' } };
    await put(true, [], othersTags);
    expect(await counts()).toEqual([2, 2, 1]);
    // It is shared with a third account by name, then with these two only.
    await put(true, [third], othersTags);
    expect(await counts()).toEqual([3, 2, 2]);
    await put(false, [third, other], othersTags);
    expect(await counts()).toEqual([4, 3, 3]);
    // One of them loses it and a fourth account gets it; the third sees no change.
    await put(false, [third, '444444444444'], othersTags);
    expect(await counts()).toEqual([5, 4, 3]);
    expect((await shownTo(feed, other)).at(-1)).toMatchObject({ change: 'deleted' });
    // `Public` is what all see.
    await put(true, [third, '444444444444'], othersTags);
    expect(await counts()).toEqual([6, 5, 4]);
  },
);

test('an image that is no longer shared is deleted for those who lose it', async () => {
  const { feed, store } = newFeed();
  const permit = (everyone: boolean, accountIds: string[]) =>
    anImage({ ownerId: owner, state: 'available', launchPermissions: { everyone, accountIds } });
  const third = '333333333333';
  for (const image of [permit(true, []), permit(false, [other]), permit(false, [])]) {
    await store.write((tx) => tx.put('image', image));
  }
  const put = 'put available';
  expect(briefly(await shownTo(feed, owner))).toEqual([put, put, put]);
  expect(briefly(await shownTo(feed, other))).toEqual([put, put, 'deleted ']);
  expect(briefly(await shownTo(feed, third))).toEqual([put, 'deleted ']);
});

test('progress is for the operator, each stage at once and within it at intervals', async () => {
  const { clock, feed } = newFeed();
  const id = 'bake-0aaaaaaaaaaaaaaa1';
  for (const fraction of [0, 0.1, 0.2]) feed.progress(id, { stage: 'build', fraction });
  await clock.advance(1_000);
  feed.progress(id, { stage: 'build', fraction: 0.3, message: 'x'.repeat(1_000) });
  feed.progress(id, { stage: 'store', fraction: 0 });
  const seen = await shownTo(feed, firstAccountId);
  expect(seen).toMatchObject([
    { id, stage: 'build', fraction: 0 },
    { id, stage: 'build', fraction: 0.3, message: 'x'.repeat(200) },
    { id, stage: 'store', fraction: 0 },
  ]);
  expect(await shownTo(feed, other)).toEqual([]);
});

test('a watcher is called after each commit of its record, until it stops', async () => {
  const { feed, store } = newFeed();
  const bake = aBake();
  let calls = 0;
  const unwatch = feed.watch(bake.id, () => {
    calls += 1;
  });
  await store.write((tx) => tx.put('bake', bake));
  await store.write((tx) => tx.put('instance', instance));
  unwatch();
  await store.write((tx) => tx.put('bake', { ...bake, isCancelling: true }));
  expect(calls).toBe(1);
});

test('after a reset, readers have a gap', async () => {
  const { feed, store } = newFeed();
  const leaving = new AbortController();
  const reader = feed.log.read({ accountId: owner }, leaving.signal);
  await reader.next();
  await store.reset([]);
  expect((await reader.next()).value).toMatchObject({ type: 'gap' });
});
