import type { WorkflowId } from '@bakehouse/domain';
import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { bench, defineTest, gate } from './testing/test-engine.ts';
import { Shares } from './widths.ts';

const never = new AbortController().signal;
const id = (name: string) => `wf-${name}` as const satisfies WorkflowId;

function taking(shares: Shares, name: string, { signal = never, isUrgent = false } = {}) {
  const taken: { giveBack?: () => void } = {};
  const done = shares
    .take('disk', { id: id(name), signal, isUrgent: () => isUrgent })
    .then((giveBack) => Object.assign(taken, { giveBack }));
  return { done, isTaken: () => taken.giveBack !== undefined, giveBack: () => taken.giveBack?.() };
}

test('as many as the width have a share; the others come in order, urgent ones first', async () => {
  const shares = new Shares({ disk: 2 });
  const [a, b, c, d, e, f] = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) =>
    taking(shares, name, { isUrgent: name === 'e' }),
  );
  const now = async () => {
    await settle();
    return [a, b, c, d, e, f].map((each) => (each?.isTaken() ? 1 : 0)).join('');
  };
  expect(await now()).toBe('110000');
  a?.giveBack();
  expect(await now()).toBe('110010');
  shares.makeUrgent(id('d'));
  b?.giveBack();
  expect(await now()).toBe('110110');
  e?.giveBack();
  d?.giveBack();
  expect(await now()).toBe('111111');
});

test('one that is aborted while it waits takes nothing', async () => {
  const shares = new Shares({ disk: 1 });
  const first = taking(shares, 'a');
  const ending = new AbortController();
  const second = taking(shares, 'b', { signal: ending.signal });
  const third = taking(shares, 'c');
  await first.done;
  ending.abort(new Error('the server stops'));
  await expect(second.done).rejects.toThrow('the server stops');
  first.giveBack();
  await third.done;
  expect(third.isTaken()).toBe(true);
});

test('what has no width has no limit', async () => {
  const shares = new Shares({});
  await Promise.all(['a', 'b', 'c'].map((name) => taking(shares, name).done));
});

test('two hundred launches use the width of the disk, and an end among them does not wait for it', async () => {
  const gates: (() => void)[] = [];
  let running = 0;
  let most = 0;
  const launch = defineTest({
    kind: 'launch',
    steps: [
      {
        name: 'disks',
        uses: 'disk',
        async run({ log }, { name }) {
          running += 1;
          most = Math.max(most, running);
          const { opened, open } = gate();
          gates.push(open);
          await opened;
          running -= 1;
          log.push(name);
        },
      },
    ],
  });
  const end = defineTest({
    kind: 'end',
    steps: [
      {
        name: 'end',
        async run({ log }, { name }) {
          log.push(name);
        },
      },
    ],
  });
  const { engine, begin, log } = bench([launch, end], { options: { widths: { disk: 4 } } });
  await engine.resume();
  for (let at = 0; at < 200; at += 1) await begin(launch, `i-${at}`);
  await begin(end, 'end of another', ['other']);
  await settle();
  expect(log).toEqual(['end of another']);
  // The launch of this one waits for the disk; its end makes it urgent.
  await begin(end, 'end of i-150', ['i-150']);
  for (const open of gates.splice(0)) open();
  await settle();
  for (const open of gates.splice(0)) open();
  await settle();
  expect(log.slice(0, 10)).toContain('end of i-150');
  while (engine.list().length > 0) {
    for (const open of gates.splice(0)) open();
    await settle();
  }
  expect([most, log.length]).toEqual([4, 202]);
});
