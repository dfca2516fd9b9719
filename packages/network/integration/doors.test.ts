import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogFields, type Logger, silentLogger, systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { Doors } from '../src/edge/doors.ts';
import { Edge } from '../src/edge/edge.ts';

/** `warned` gets what is logged as a warning. */
const warningLogger = (warned: (message: string, fields?: LogFields) => void): Logger => ({
  ...silentLogger,
  log: (level, message, fields) => void (level === 'warn' && warned(message, fields)),
});

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-doors-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const doorOf = (port: number) => ({ address: '127.46.0.1', port, hostPort: 20_000 + port });

/** With a process that treats its requests so. */
async function doorsAt(reply: (connection: Socket) => void, logger = silentLogger): Promise<Doors> {
  const folder = await aFolder();
  const socketPath = join(folder, 'doors');
  const listener = createServer(reply);
  onTestFinished(() => listener[Symbol.asyncDispose]());
  await new Promise<void>((resolve) => {
    listener.listen(socketPath, resolve);
  });
  const logPath = join(folder, 'log');
  return new Doors({ socketPath, namespaceFile: '/nowhere', logPath, clock: systemClock, logger });
}

test('changes do not wait again for a process that did not reply', async () => {
  let asked = 0;
  const doors = await doorsAt((connection) => {
    asked += 1;
    // As a process that is killed while it replies.
    connection.resume().end('{"build":');
  });
  for (const port of [22, 80, 443])
    await doors.change({ doors: [doorOf(port)], leftOut: new Map() });
  expect(asked).toBe(1);
});

test('what is left out or cannot be opened is logged once, ten of each by name', async () => {
  const shut = Array.from({ length: 500 }, (_, port) => ({
    door: doorOf(port),
    why: `in use: ${port}`,
  }));
  const warnings: unknown[][] = [];
  const doors = await doorsAt(
    (connection) => connection.resume().end(`${JSON.stringify({ build: '', pid: 1, shut })}\n`),
    warningLogger((...warning) => void warnings.push(warning)),
  );
  const leftOut = new Map(shut.map(({ door }) => [`127.46.1.${door.port}`, 3]));
  for (const port of [22, 80]) await doors.change({ doors: [doorOf(port)], leftOut });
  expect(warnings).toEqual([
    [
      "too many of guests' ports are open to the host; left out are",
      { why: expect.stringMatching(/^3 of 127\.46\.1\.0; .*3 of 127\.46\.1\.9; 490 more$/) },
    ],
    [
      "guests' ports cannot be opened on the host",
      { why: expect.stringMatching(/^in use: 0; .*in use: 9; 490 more$/) },
    ],
  ]);
});

test('a process of doors that does not start keeps neither a start nor the way outside', async () => {
  const folder = await aFolder();
  const warnings: string[] = [];
  const logger = warningLogger((message) => void warnings.push(message));
  const edge = new Edge({
    name: 'bht-doors',
    // Where nothing can listen.
    runtimeDirectory: join(folder, 'missing'),
    logDirectory: folder,
    run: async () => '',
    clock: systemClock,
    logger,
  });
  await edge.watch();
  expect(warnings).toEqual(["guests' public addresses are not reached"]);
  await edge.enable();
  expect(warnings[1]).toBe('guests do not reach the outside');
  // Neither is tried again at once.
  await edge.watch();
  expect(warnings).toHaveLength(2);
});
