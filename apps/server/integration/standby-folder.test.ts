import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig, UsageError } from '../src/config.ts';
import { destroyPlatform, stopServers } from '../src/destroy.ts';
import { examine } from '../src/doctor/examine.ts';

const program = join(import.meta.dirname, '../src/start.ts');
/** Nothing listens there: the server stays a standby. */
const closedPort = 'postgres://someone@127.0.0.1:1/bakehouse';

/** A standby in a process of its own, which waits for its database. */
async function startStandby(data: string) {
  const settings = ['--compute', 'simulated', '--listen', '127.0.0.1:0', '--metadata', closedPort];
  const child = spawn(process.execPath, [program, '--data', data, ...settings], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface({ input: child.stderr });
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      if (line.includes('the database cannot be used')) resolve();
    });
  });
  return { pid: child.pid, ended };
}

async function newFolder() {
  const data = await mkdtemp(join(tmpdir(), 'bakehouse-standby-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  return { data, config: readConfig(['--data', data, '--compute', 'simulated'], {}) };
}

const unasked = () => Promise.reject(new Error('only the active server is asked'));

test('a standby keeps its folder until it is ended, as an active server does', async () => {
  const { data, config } = await newFolder();
  const standby = await startStandby(data);
  await expect(destroyPlatform(config, { deleteData: true })).rejects.toThrow(UsageError);
  await expect(destroyPlatform(config, { deleteData: true })).rejects.toThrow(
    `is used by the standby server ${standby.pid}; end that one first: bakehouse down`,
  );
  expect(await stopServers(config)).toEqual({ standbyPids: [standby.pid] });
  expect(await standby.ended).toEqual([0, null]);
  expect(await readdir(join(data, 'servers'))).toEqual([]);
  expect(await destroyPlatform(config, { deleteData: true })).toMatchObject({ deleted: data });
  await expect(stat(data)).rejects.toThrow('ENOENT');
});

test('doctor knows the standby of a folder, and finds nothing to fix because of it', async () => {
  const { data, config } = await newFolder();
  // As a server leaves it that has been the active one.
  await writeFile(join(data, 'records-place'), `${closedPort}\n`);
  const { pid } = await startStandby(data);
  const asking = { fix: false, askServer: unasked, askParkedWork: unasked };
  const checks = (await examine(config, asking)).filter(({ area }) => area === 'data');
  expect(checks).toContainEqual(
    expect.objectContaining({ name: 'server', detail: `process ${pid}, a standby` }),
  );
  expect(checks.filter(({ status }) => status === 'fail')).toEqual([]);
});

test('what a killed server has noted is passed over, and removed by the next one', async () => {
  const { data, config } = await newFolder();
  const killed = await startStandby(data);
  process.kill(killed.pid ?? 0, 'SIGKILL');
  await killed.ended;
  expect(await stopServers(config)).toEqual({ standbyPids: [] });
  const { pid } = await startStandby(data);
  expect(await readdir(join(data, 'servers'))).toEqual([String(pid)]);
});
