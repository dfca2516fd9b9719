import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AheadRoom } from './ahead-room.ts';
import { ReadAhead } from './read-ahead.ts';

const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, at) => first + at);

/** A reader ahead whose fetches end when the test lets them. */
function reader(order: readonly number[], room = new AheadRoom()) {
  const fetched: number[] = [];
  const running: { block: number; end: PromiseWithResolvers<boolean> }[] = [];
  const ahead = new ReadAhead({
    order,
    room,
    fetch(block) {
      fetched.push(block);
      const end = Promise.withResolvers<boolean>();
      running.push({ block, end });
      return end.promise;
    },
  });
  return {
    ahead,
    fetched,
    running,
    /** Lets everything end that is on its way, and what begins because of that. */
    async settle(result = true) {
      while (running.length > 0) {
        for (const { end } of running.splice(0)) end.resolve(result);
        await turns();
      }
    },
  };
}

test('a few blocks are fetched before the first read, four at a time', async () => {
  const { fetched, settle } = reader(upTo(100));
  expect(fetched).toEqual([0, 1, 2, 3]);
  await settle();
  expect(fetched).toEqual(upTo(8));
});

test('a guest that follows the order is led by more and more, in that order', async () => {
  const order = upTo(200).toReversed();
  const { ahead, fetched, settle } = reader(order);
  await settle();
  const hits = [];
  for (const block of order.slice(0, 100)) {
    hits.push(ahead.asked(block));
    await settle();
  }
  expect(hits).not.toContain(false);
  expect(fetched).toEqual(order.slice(0, 164));
  expect(ahead.departed).toBe(false);
});

test('it waits for the guest', async () => {
  const { ahead, fetched, settle } = reader(upTo(100));
  await settle();
  ahead.asked(0);
  await settle();
  expect(fetched).toEqual(upTo(10));
});

test('what the guest has asked for is not fetched', async () => {
  const { ahead, fetched, settle } = reader(upTo(20));
  for (const block of [9, 10, 11]) expect(ahead.asked(block)).toBe(false);
  await settle();
  expect(fetched).toEqual([...upTo(9), ...upTo(8, 12)]);
});

test('a block that is on its way counts as ahead, one that was in memory does not', async () => {
  const { ahead, settle } = reader(upTo(20));
  expect(ahead.asked(2)).toBe(true);
  await settle(false);
  expect(ahead.asked(3)).toBe(false);
});

test('a guest that reads something else is left alone', async () => {
  const { ahead, fetched, settle } = reader(upTo(100));
  await settle();
  for (const block of upTo(17, 1000)) ahead.asked(block);
  expect(ahead.departed).toBe(true);
  for (const block of upTo(20)) ahead.asked(block);
  await settle();
  expect(fetched).toEqual(upTo(8));
});

test('some reads beside the order, and one of its end, change nothing', async () => {
  const { ahead, fetched, settle } = reader(upTo(500));
  ahead.asked(499);
  for (const block of upTo(100)) {
    ahead.asked(block);
    if (block % 3 === 0) ahead.asked(5000 + block);
    await settle();
  }
  expect(ahead.departed).toBe(false);
  expect(fetched).toEqual(upTo(164));
});

test('while the guest rests its room is free, and it is led again when it goes on', async () => {
  const room = new AheadRoom();
  const { ahead, fetched, settle } = reader(upTo(100), room);
  for (const block of upTo(10)) {
    ahead.asked(block);
    await settle();
  }
  ahead.rest();
  const others = upTo(64).map(() => room.enter(() => {}) && room.fetched() === undefined);
  expect(others).not.toContain(false);
  room.release(64);
  await settle();
  expect(fetched).toEqual(upTo(28));
  ahead.asked(10);
  await settle(false);
  expect(fetched).toEqual([...upTo(28), ...upTo(19, 11)]);
});

test('a block that cannot be read ends it', async () => {
  const { ahead, fetched, running, settle } = reader(upTo(100));
  running[0]?.end.reject(new Error('damaged'));
  await settle();
  ahead.asked(0);
  await settle();
  expect([fetched.length, ahead.departed]).toEqual([4, false]);
});

test('all readers share a room of eight fetches and 64 unread blocks', async () => {
  const room = new AheadRoom();
  const readers = upTo(20).map(() => reader(upTo(100), room));
  const running = () => readers.reduce((sum, each) => sum + each.running.length, 0);
  expect(running()).toBe(8);
  for (let round = 0; round < 30; round += 1) {
    for (const each of readers) for (const { end } of each.running.splice(0)) end.resolve(true);
    await turns();
    expect(running()).toBeLessThanOrEqual(8);
  }
  const fetched = () => readers.reduce((sum, each) => sum + each.fetched.length, 0);
  expect(fetched()).toBe(64);
  // One that is stopped gives its room to the others.
  const [first] = readers;
  const held = first?.fetched.length ?? 0;
  first?.ahead.stop();
  for (let round = 0; round < 30; round += 1) {
    for (const each of readers) for (const { end } of each.running.splice(0)) end.resolve(true);
    await turns();
  }
  expect(fetched()).toBe(64 + held);
});

test('whatever a guest reads, the room is empty when it is stopped', async () => {
  const asks = fc.array(fc.nat(120), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(asks, fc.array(fc.boolean(), { minLength: 1 }), async (blocks, results) => {
      const room = new AheadRoom();
      const { ahead, running, settle } = reader(upTo(100), room);
      for (const [index, block] of blocks.entries()) {
        ahead.asked(block);
        running.shift()?.end.resolve(results[index % results.length] ?? true);
        if (index % 7 === 6) ahead.rest();
        await turns();
      }
      ahead.stop();
      await settle();
      const after = upTo(64).map(() => {
        const entered = room.enter(() => {});
        if (entered) room.fetched();
        return entered;
      });
      expect(after).not.toContain(false);
      expect(room.enter(() => {})).toBe(false);
    }),
    { numRuns: 50 },
  );
});
