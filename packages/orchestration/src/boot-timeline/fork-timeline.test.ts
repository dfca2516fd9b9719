import type { MachineBoot } from '@bakehouse/domain';
import { anInstance } from '@bakehouse/testkit';
import { expect, test } from 'vitest';
import { bootTimeline } from './boot-timeline.ts';

const at = 1_795_980_355_000;
const forkOf = 'i-0aaaaaaaaaaaaaaa9';
const times =
  "boot times, in seconds after the copy's start: network 0.80, user 3.25, sshd 4.10\r\n";
const boot: MachineBoot = {
  generation: 1,
  spawnedAt: at,
  respondedAt: at + 900,
  memory: { restoredAt: at + 900, forkOf },
  console: Buffer.from(times),
  arrivals: [{ at: at + 9_508, since: at + 9_308, bytes: times.length }],
};
const instant = { at: at - 500, pauseMs: 31.2 };
const fork = anInstance({ generation: 1, forkedFrom: { instanceId: forkOf, instant } });

test('a fork says what it is one of, in its first start', () => {
  const { forkedFrom, events } = bootTimeline(fork, boot);
  expect(forkedFrom).toEqual({ instanceId: forkOf, pauseMs: 31.2 });
  const offsets = Object.fromEntries(events.map((event) => [event.name, event.at - at]));
  expect(offsets).toMatchObject({
    [`forked from ${forkOf}`]: -500,
    'memory of the fork restored': 900,
    sshd: 5_000,
  });
});

test('later starts are those of an instance like others', () => {
  const { memory: _, ...later } = { ...boot, generation: 2 };
  const timeline = bootTimeline({ ...fork, generation: 2 }, later);
  expect(timeline.forkedFrom).toBeUndefined();
  expect(timeline.events.map(({ name }) => name)).not.toContain(`forked from ${forkOf}`);
});
