import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { instanceXml, listening } from '../testing/fake-server.ts';
import { runCommandAt } from '../testing/run-command.ts';
import { bootCommand } from './boot.ts';

const instanceId = 'i-0123456789abcdef0';
const boot = {
  instanceId,
  imageId: 'ami-0123456789abcdef0',
  instanceType: 't3.micro',
  generation: 2,
  events: [
    { name: 'request accepted', at: 1_795_980_355_000, source: 'server' },
    { name: 'QEMU started', at: 1_795_980_355_120, source: 'server' },
    { name: 'sshd', at: 1_795_980_372_450, source: 'guest', precisionMs: 200 },
  ],
  unknown: [{ name: 'kernel', why: 'the guest wrote no line of it to its serial console' }],
};

/** EC2's API with one instance, and the operator's calls, on one address. */
const server = () =>
  listening(async (request, response) => {
    const body = await text(request);
    const isAdmin = request.headers['x-amz-target'] !== undefined;
    const reply = isAdmin
      ? `${JSON.stringify({ result: boot })}\n`
      : `<Response><requestId>r</requestId>${body ? instanceXml(instanceId, 'running') : ''}</Response>`;
    response.end(reply);
  });

test('a start is a table of its stages, with what is not known', async () => {
  const { code, printed } = await runCommandAt(await server(), bootCommand, { args: [instanceId] });
  expect(code).toBe(0);
  expect(printed).toEqual([
    `${instanceId} (t3.micro, ami-0123456789abcdef0), start 2`,
    'SECONDS      AFTER  STAGE             SEEN BY',
    '   0.000    +0.000  request accepted  server',
    '   0.120    +0.120  QEMU started      server',
    '  17.450   +17.330  sshd              guest, to 0.2 s',
    'unknown: kernel (the guest wrote no line of it to its serial console)',
  ]);
});

test('--json has the same with times as texts', async () => {
  const options = { json: true };
  const { printed } = await runCommandAt(await server(), bootCommand, {
    args: [instanceId],
    options,
  });
  expect(JSON.parse(printed.join(''))).toMatchObject({
    generation: 2,
    events: [{ at: '2026-11-29T19:25:55.000Z' }, {}, { name: 'sshd', precisionMs: 200 }],
    unknown: boot.unknown,
  });
});
