import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkDoors } from './check-doors.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-check-doors-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** The runtime folder of a platform whose process of doors could not open these. */
async function aPlatform(...shut: string[]): Promise<string> {
  const folder = await aFolder();
  const door = { address: '127.18.1.2', port: 22, hostPort: 20_022 };
  const reply = { build: '', pid: 1, shut: shut.map((why) => ({ door, why })) };
  const server = createServer((connection) =>
    connection.resume().end(`${JSON.stringify(reply)}\n`),
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  await new Promise<void>((resolve) => {
    server.listen(join(folder, 'doors'), resolve);
  });
  return folder;
}

test('each port that could not be opened fails the examination with its reason', async () => {
  const why = 'listen EADDRINUSE: address already in use 127.18.1.2:20022';
  expect(await checkDoors(await aPlatform(why, 'another'), { isServed: false })).toMatchObject([
    { status: 'fail', detail: expect.stringContaining(why), remedy: expect.stringContaining('ss') },
    { status: 'fail', detail: expect.stringContaining('another') },
  ]);
  expect(await checkDoors(await aPlatform(), { isServed: true })).toMatchObject([{ status: 'ok' }]);
});

test('a process of doors is missed only beside a server', async () => {
  const folder = await aFolder();
  expect(await checkDoors(folder, { isServed: true })).toMatchObject([{ status: 'warn' }]);
  expect(await checkDoors(folder, { isServed: false })).toEqual([]);
});
