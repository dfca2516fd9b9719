import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogFields, type Logger, silentLogger, systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { Doors } from '../src/edge/doors.ts';
import { Edge } from '../src/edge/edge.ts';

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-doors-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('changes do not wait again for a process that did not reply', async () => {
  const folder = await aFolder();
  let asked = 0;
  const silent = createServer((connection) => {
    asked += 1;
    // As a process that is killed while it replies.
    connection.resume().end('{"build":');
  });
  onTestFinished(() => silent[Symbol.asyncDispose]());
  const socketPath = join(folder, 'doors');
  await new Promise<void>((resolve) => {
    silent.listen(socketPath, resolve);
  });
  const doors = new Doors({
    socketPath,
    namespaceFile: '/nowhere',
    logPath: join(folder, 'log'),
    clock: systemClock,
    logger: silentLogger,
  });
  for (const port of [22, 80, 443]) {
    await doors.change([{ address: '127.46.0.1', port, hostPort: 20_000 + port }]);
  }
  expect(asked).toBe(1);
});

test('a process of doors that does not start keeps neither a start nor the way outside', async () => {
  const folder = await aFolder();
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    log: (level, message, _?: LogFields) => void (level === 'warn' && warnings.push(message)),
  };
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
