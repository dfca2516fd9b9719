import { expect, test } from 'vitest';
import { isServerAway } from '../client/ec2.ts';
import {
  connected,
  type FakeReply,
  fakeServer,
  instanceXml,
  inTurn,
} from '../testing/fake-server.ts';
import { lookForState, waitForState } from './wait-for-state.ts';

const id = 'i-0123456789abcdef0';
const wait = { ids: [id], state: 'running' } as const;
const { signal } = new AbortController();

const replying = async (...replies: readonly FakeReply[]) =>
  await connected(await fakeServer({ answer: inTurn(...replies) }));

const refusal = (status: number, code: string) => ({ status, code });

const away: readonly (readonly [string, FakeReply])[] = [
  ['breaks off', 'no reply'],
  ['serves nothing for now', refusal(503, 'Unavailable')],
  ['has no room for the request', refusal(503, 'RequestLimitExceeded')],
];

test.each(away)('a look at a server that %s can be repeated', async (_what, reply) => {
  const { client } = await replying(reply);
  const error = await lookForState(client, wait, signal).catch((error: unknown) => error);
  expect(isServerAway(error)).toBe(true);
});

test('a look at no server can be repeated', async () => {
  const { client } = await connected('http://127.0.0.1:1');
  const error = await lookForState(client, wait, signal).catch((error: unknown) => error);
  expect(isServerAway(error)).toBe(true);
});

test('an instance that is not listed yet is not in the state yet', async () => {
  const { client } = await replying(refusal(400, 'InvalidInstanceID.NotFound'));
  expect(await lookForState(client, wait, signal)).toBeUndefined();
});

test.each(away)('a wait goes on while the server %s', async (_what, reply) => {
  // The SDK itself tries twice.
  const reached = await replying(reply, reply, instanceXml(id, 'running'));
  expect(await waitForState(reached, wait, signal)).toMatchObject([{ state: 'running' }]);
});

test('another refusal ends the wait', async () => {
  const reached = await replying(refusal(403, 'UnauthorizedOperation'));
  const error = await waitForState(reached, wait, signal).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: 'UnauthorizedOperation' });
  expect(isServerAway(error)).toBe(false);
});

test('an instance that cannot reach the state ends the wait, with the reason', async () => {
  const reached = await replying(instanceXml(id, 'terminated', 'no room'));
  await expect(waitForState(reached, wait, signal)).rejects.toThrow(
    `${id} is terminated, not running: no room`,
  );
});
