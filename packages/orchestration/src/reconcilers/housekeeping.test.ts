import { setImmediate } from 'node:timers';
import { dayMs } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { testPlane } from '../testing/test-plane.ts';
import { forgetOld } from './housekeeping.ts';

test('tokens of more than a day are forgotten, others are kept, and other work has its turn meanwhile', async () => {
  const { plane, metadata, clock, scope } = await testPlane();
  const now = clock.now();
  const ids = Array.from({ length: 1_700 }, (_, index) => `token-${1_000 + index}`);
  await metadata.write(async (tx) => {
    for (const [index, id] of ids.entries()) {
      const createdAt = index % 2 === 0 ? now - dayMs - 1 : now - dayMs;
      await tx.put('clientToken', {
        id,
        region: 'us-east-1',
        requestHash: '',
        resultIds: [],
        createdAt,
      });
    }
  });
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await forgetOld(plane.adminContext(scope, new AbortController().signal));
  isDone = true;
  expect(turns).toBeGreaterThan(3);
  const kept = await metadata.read((tx) => tx.list('clientToken'));
  expect(kept.map(({ id }) => id)).toEqual(ids.filter((_, index) => index % 2 === 1));
});
