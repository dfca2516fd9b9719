import { expect, test } from 'vitest';
import { ManualClock } from './manual-clock.ts';

test('sleepers wake in order of their time, those too that fall asleep on the way', async () => {
  const clock = new ManualClock(1_000);
  const woken: [string, number][] = [];
  const nap = async (name: string, durationMs: number) => {
    await clock.sleep(durationMs);
    woken.push([name, clock.now()]);
  };
  void nap('late', 30);
  void nap('early', 10).then(() => nap('again', 10));
  await clock.advance(25);
  expect(woken).toEqual([
    ['early', 1_010],
    ['again', 1_020],
  ]);
  expect(clock.now()).toBe(1_025);
  expect(clock.nextWakeAt).toBe(1_030);
});

test('an aborted sleep rejects with the reason and leaves the clock', async () => {
  const clock = new ManualClock();
  const abort = new AbortController();
  const sleep = clock.sleep(10, abort.signal);
  abort.abort(new Error('enough'));
  await expect(sleep).rejects.toThrow('enough');
  await expect(clock.sleep(10, abort.signal)).rejects.toThrow('enough');
  expect(clock.nextWakeAt).toBeUndefined();
});

test('advanceUntil stops at the condition, and says when it can never come', async () => {
  const clock = new ManualClock(0);
  let naps = 0;
  const loop = async () => {
    for (;;) {
      await clock.sleep(100);
      naps += 1;
    }
  };
  void loop();
  await clock.advanceUntil(() => naps === 3);
  expect(clock.now()).toBe(300);
  await expect(clock.advanceUntil(() => false, 1_000)).rejects.toThrow('not done after 1000 ms');
  await expect(new ManualClock().advanceUntil(() => false)).rejects.toThrow('nothing sleeps');
});

test('a jump of the time leaves sleepers the time that they had left', async () => {
  const clock = new ManualClock(0);
  let isAwake = false;
  void clock.sleep(50).then(() => {
    isAwake = true;
  });
  clock.jump(1_000_000);
  await clock.advance(49);
  expect(isAwake).toBe(false);
  await clock.advance(1);
  expect(isAwake).toBe(true);
  expect(clock.elapsed()).toBe(50);
});
