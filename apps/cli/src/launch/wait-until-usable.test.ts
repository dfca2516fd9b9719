import { expect, test } from 'vitest';
import { CommandFailedError } from '../command.ts';
import {
  connected,
  type FakeReply,
  fakeServer,
  instanceXml,
  inTurn,
} from '../testing/fake-server.ts';
import { sshTargetOf } from './ssh-target.ts';
import { waitUntilUsable } from './wait-until-usable.ts';

const id = 'i-0123456789abcdef0';
const running = instanceXml(id, 'running');
const consoleXml = `<output>${Buffer.from('booting\nKernel panic\n').toString('base64')}</output>`;

/** How the wait for an instance ends that runs, but has no ssh, where the later looks at it get this reply. */
async function outcome(later: FakeReply): Promise<unknown> {
  const instances = inTurn(running, later);
  const answer = (request: URLSearchParams) =>
    request.get('Action') === 'GetConsoleOutput' ? consoleXml : instances();
  const wait = {
    reached: await connected(await fakeServer({ answer })),
    instanceId: id,
    timeoutMs: 100,
    // Linux refuses a TCP connection to a multicast address at once.
    target: (row: Parameters<typeof sshTargetOf>[1]) =>
      sshTargetOf({ dataDirectory: '/data' }, { ...row, publicIp: '224.0.0.1' }),
    onProgress: () => {},
  };
  return await waitUntilUsable(wait, new AbortController().signal).catch((error: unknown) => error);
}

const ending = `; its console ends: Kernel panic (all of it: bakehouse console ${id})`;

test.each<[string, FakeReply]>([
  ['runs', running],
  ['is at a server that is away for a moment', { status: 503, code: 'Unavailable' }],
])('a guest without ssh that %s is waited for until the time is over', async (_what, later) => {
  const error = await outcome(later);
  expect(error).toBeInstanceOf(CommandFailedError);
  expect(error).toMatchObject({
    message: `no ssh login on ${id} within 0 s: nothing answers on 224.0.0.1 port 22; does its security group allow it?${ending}`,
  });
});

test('a guest that has ended is reported with its reason and the end of its console', async () => {
  expect(await outcome(instanceXml(id, 'terminated', 'Client.Terminated'))).toMatchObject({
    message: `${id} is terminated, not running: Client.Terminated${ending}`,
    cause: expect.any(CommandFailedError),
  });
});

test('another error is not changed', async () => {
  expect(await outcome({ status: 403, code: 'UnauthorizedOperation' })).toMatchObject({
    name: 'UnauthorizedOperation',
    message: 'UnauthorizedOperation',
  });
});
