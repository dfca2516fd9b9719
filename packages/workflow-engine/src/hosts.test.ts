import { expect, test } from 'vitest';
import { bench, defineTest } from './testing/test-engine.ts';

const [here, elsewhere] = ['host-0aaaaaaaaaaaaaaa1', 'host-0bbbbbbbbbbbbbbb1'] as const;

/** Work that needs the drivers of a host. */
const workOn = (hostId: typeof here | typeof elsewhere) =>
  defineTest({ place: async (_, { lanes }) => ({ region: 'us-east-1', lanes, hostId }) });

test('work that needs another host is refused with all that its transaction wrote', async () => {
  const local = workOn(here);
  const { engine, rows } = bench(local, { options: { hostId: here } });
  await engine.resume();
  const refused = engine.write(async (tx) => {
    await local.enqueue(tx, { name: 'local', lanes: ['i-1'] });
    await workOn(elsewhere).enqueue(tx, { name: 'remote', lanes: ['i-2', 'vol-2'] });
  });
  await expect(refused).rejects.toMatchObject({
    code: 'Unavailable',
    message: expect.stringMatching(
      /^the work on i-2, vol-2 needs the host host-0b.*data folder of host-0b/,
    ),
  });
  expect(await rows()).toEqual([]);
});

test("another host's work is left to its server; this host's, and that of no host, go on", async () => {
  const remote = workOn(elsewhere);
  const anywhere = defineTest({ kind: 'of-any-host' });
  const before = bench([remote, anywhere], { options: { hostId: elsewhere } });
  await before.begin(remote, 'remote');
  const left = await before.rows();
  await before.begin(anywhere, 'anywhere');
  const { metadata } = before;
  const local = workOn(here);
  const options = { hostId: here };
  const { engine, log, begin, rows } = bench([local, anywhere], { metadata, options });
  await begin(local, 'local');
  await engine.resume();
  await engine.settle();
  expect(log).toContain('third local');
  expect(log).toContain('third anywhere');
  expect(log.filter((line) => line.includes('remote'))).toEqual([]);
  expect(await rows()).toEqual(left);
});
