import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startPostgres } from '@bakehouse/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureServer } from '../src/server/ensure-server.ts';
import { cleanEnvironment, program, runProgram } from './platform.ts';

const settings = ['--compute', 'simulated', '--listen', '127.0.0.1:0', '--metadata'];
/** Nothing listens there: the server waits for its database. */
const closedPort = 'postgres://someone@127.0.0.1:1/bakehouse';
const reason = /the database cannot be used.*ECONNREFUSED.*start PostgreSQL, or correct the URL/;

let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'bakehouse-up-'));
});
afterEach(async () => {
  vi.useRealTimers();
  for (const pid of await processesOf(data)) killed(pid);
  await rm(data, { recursive: true, force: true });
});

/** It may end by itself meanwhile. */
function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Those whose arguments name the folder. */
async function processesOf(folder: string): Promise<number[]> {
  const all = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const isOf = async (pid: number) =>
    (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(folder);
  const found = await Promise.all(all.map(async (pid) => ((await isOf(pid)) ? [pid] : [])));
  return found.flat();
}

/** Starts a server with these records; `onProblem` is called with each problem that is shown. */
const ensured = (metadata: string, onProblem: (problem: string) => void) =>
  ensureServer(
    { dataDirectory: data, args: [...settings, metadata], onProgress: () => {}, onProblem },
    new AbortController().signal,
  );

test('a server that waits for its database shows why, and is ended when the time is over', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const problems: string[] = [];
  const started = ensured(closedPort, (problem) => {
    problems.push(problem);
    vi.setSystemTime(Date.now() + 181_000);
  });
  await expect(started).rejects.toThrow(
    new RegExp(
      `not ready after 180 s, and was ended; its last error: ${reason.source}; see .*server\\.log$`,
    ),
  );
  expect(problems).toEqual([expect.stringMatching(reason)]);
  expect(await processesOf(data)).toEqual([]);
});

test('a server whose database comes back while it waits is ready', async () => {
  await using postgres = await startPostgres({ durable: false });
  const url = await postgres.createDatabase();
  await postgres.stop();
  const problems: string[] = [];
  const server = await ensured(url, (problem) => {
    problems.push(problem);
    void postgres.start();
  });
  expect(problems).toEqual([expect.stringMatching(/ENOENT.*start PostgreSQL/)]);
  expect(await processesOf(data)).toEqual([server.pid]);
  const { stdout } = await runProgram(['down'], { env: cleanEnvironment(data) });
  expect(stdout).toContain(`server ${server.pid} ended`);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while the server waits for its database ends the server',
  async (signal) => {
    const up = spawn(program, ['up', '--data', data, ...settings, closedPort], {
      env: cleanEnvironment(data),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exited = once(up, 'exit');
    const lines: string[] = [];
    let server: number | undefined;
    for await (const line of createInterface({ input: up.stderr })) {
      lines.push(line);
      if (!reason.test(line)) continue;
      server = (await processesOf(data)).find((pid) => pid !== up.pid);
      up.kill(signal);
    }
    expect(await exited).toEqual([1, null]);
    expect(lines).toContainEqual(expect.stringContaining(`ending the server, process ${server} `));
    expect(lines.at(-1)).toBe('bakehouse up: interrupted');
    expect(await processesOf(data)).toEqual([]);
  },
);

test('what a person has to correct ends the start at once', async () => {
  const web = createServer().listen(0, '127.0.0.1');
  await once(web, 'listening');
  const { port } = web.address() as AddressInfo;
  const metadata = `postgres://someone@127.0.0.1:${port}/bakehouse`;
  const { code, stderr } = await runProgram(['up', ...settings, metadata], {
    env: cleanEnvironment(data),
  });
  web.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /did not start \(exit code 1\):\n.*NOT_POSTGRES.*correct the host or the port/,
  );
});
