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

const counts = {
  reads: 0,
  bytes: 0,
  newBlocks: 0,
  aheadBlocks: 0,
  waits: 0,
  waitedMs: 0,
  longestMs: 0,
};
const ofKernel = {
  ...counts,
  reads: 40,
  bytes: 655_360,
  newBlocks: 12,
  waits: 9,
  waitedMs: 310.2,
  longestMs: 95,
};

/** The same start, with what its volumes read. */
const bootWithReads = {
  ...boot,
  events: boot.events.map((event, index) => ({ ...event, reads: index === 2 ? ofKernel : counts })),
  unknown: [],
  readsLater: { ...counts, reads: 3, bytes: 12_288 },
  disks: [
    {
      volumeId: 'vol-00000000000000001',
      backing: 'store',
      mapId: 'map-00000000000000001',
      reads: ofKernel,
    },
    { volumeId: 'vol-00000000000000002', backing: 'hot' },
    { volumeId: 'vol-00000000000000003', backing: 'none' },
  ],
  login: { stage: 'sshd', reads: { ...ofKernel, aheadBlocks: 4 }, mapBlocks: 60 },
};

/** EC2's API with one instance, and the operator's calls, on one address. */
const server = (result: object = boot) =>
  listening(async (request, response) => {
    const body = await text(request);
    const isAdmin = request.headers['x-amz-target'] !== undefined;
    const reply = isAdmin
      ? `${JSON.stringify({ result })}\n`
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

test('a launch that booted in spite of a template says why', async () => {
  const bootedBecause = 'the template is for t3.micro, the instance is t3.small';
  const at = await server({ ...boot, bootedBecause });
  const { printed } = await runCommandAt(at, bootCommand, { args: [instanceId] });
  expect(printed[1]).toBe(`not from the template: ${bootedBecause}`);
});

test('a fork says of what, and how long that was paused', async () => {
  const forkedFrom = { instanceId: 'i-0aaaaaaaaaaaaaaaa', pauseMs: 31.24 };
  const at = await server({ ...boot, forkedFrom });
  const { printed } = await runCommandAt(at, bootCommand, { args: [instanceId] });
  expect(printed[1]).toBe('forked from i-0aaaaaaaaaaaaaaaa, which was paused for 31.2 ms');
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

test('reads through the block server are beside the stages, then the volumes and the share before the login', async () => {
  const address = await server(bootWithReads);
  const { printed } = await runCommandAt(address, bootCommand, { args: [instanceId] });
  expect(printed.slice(1)).toEqual([
    'SECONDS      AFTER  STAGE             SEEN BY          READS  ASKED    NEW      WAITED  LONGEST',
    '   0.000    +0.000  request accepted  server',
    '   0.120    +0.120  QEMU started      server',
    '  17.450   +17.330  sshd              guest, to 0.2 s  40     640 KiB  6.0 MiB  310 ms  95 ms',
    'later: 3 reads of 12.0 KiB, none of them waited; 0 B for the first time, 0 B of that read ahead',
    'vol-00000000000000001 reads through the block server: 40 reads of 640 KiB, 9 of them waited 310 ms (longest 95 ms); 6.0 MiB for the first time, 0 B of that read ahead',
    'vol-00000000000000002 reads a hot map: no read goes through the block server',
    'vol-00000000000000003 has all of its blocks: no read goes through the block server',
    'before the login (sshd): 6.0 MiB of 30.0 MiB of data (20 %), 2.0 MiB of that read ahead',
  ]);
});
