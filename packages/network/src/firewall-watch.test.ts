import { type Clock, silentLogger, systemClock } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { firewallWatch } from './firewall-watch.ts';

test('a firewall that begins or ceases to drop is logged once; it is looked for once a minute', async () => {
  let time = 0;
  let looks = 0;
  let policy = 'accept';
  const levels: string[] = [];
  const clock: Clock = { ...systemClock, elapsed: () => time };
  const watch = firewallWatch('bh-1-up', {
    clock,
    logger: { ...silentLogger, log: (level) => levels.push(level) },
    async run(argv) {
      if (!argv.includes('chains')) return '';
      looks += 1;
      const chain = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy };
      return JSON.stringify({ nftables: [{ chain }] });
    },
  });
  const look = async (now: number) => {
    time = now;
    await watch();
  };
  await look(0);
  policy = 'drop';
  await look(59_000);
  expect([looks, levels]).toEqual([1, []]);
  await look(60_000);
  await look(120_000);
  expect(levels).toEqual(['warn']);
  policy = 'accept';
  await look(180_000);
  expect([looks, levels]).toEqual([4, ['warn', 'info']]);
});
