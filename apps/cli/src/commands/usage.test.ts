import { expect, test } from 'vitest';
import { listening } from '../testing/fake-server.ts';
import { runCommandAt } from '../testing/run-command.ts';
import { usageCommand } from './usage.ts';

const store = {
  liveBytes: 3 * 2 ** 20,
  sharedOnceBytes: 0,
  unheldBytes: 0,
  reclaimableBytes: 2 ** 20,
  overheadBytes: 512,
  onDiskBytes: 4 * 2 ** 20 + 512,
};
const ofBefore = { rows: [], overlays: [], store };
const total = 'total 4.0 MiB on disk = 3.0 MiB live + 1.0 MiB reclaimable + 512 B overhead';

const server = (result: object) =>
  listening(async (_, response) => {
    response.end(`${JSON.stringify({ result })}\n`);
  });

test('kept memory is listed with whose it is, and is no part of the total', async () => {
  const localBytes = 180 * 2 ** 20;
  const memories = [
    { instanceId: 'i-0aaaaaaaaaaaaaaaa', localBytes, templateOf: 'ami-00000000000000001' },
    { instanceId: 'i-0bbbbbbbbbbbbbbbb', localBytes, forkOf: 'i-00000000000000001' },
    { instanceId: 'i-0cccccccccccccccc', localBytes },
  ];
  const { code, printed } = await runCommandAt(
    await server({ ...ofBefore, memories }),
    usageCommand,
  );
  expect(code).toBe(0);
  expect(printed.slice(1)).toEqual([
    'memory   i-0aaaaaaaaaaaaaaaa  180 MiB  the template of ami-00000000000000001, for fast launch',
    'memory   i-0bbbbbbbbbbbbbbbb  180 MiB  until this fork of i-00000000000000001 has started',
    'memory   i-0cccccccccccccccc  180 MiB  no record has it: `bakehouse doctor --fix` removes it',
    total,
  ]);
});

test('a server of before lists no memory', async () => {
  const { printed } = await runCommandAt(await server(ofBefore), usageCommand);
  expect(printed.slice(1)).toEqual([total]);
});
