import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { signRequest } from '@bakehouse/aws-wire';
import { cpuSeconds, type ServerProcess } from './server-process.ts';

const run = promisify(execFile);

export interface Throughput {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly errors: number;
  /** User and system time of the server a request: what a busy machine does not change much. */
  readonly cpuMicros: number;
}

/** One signed request of an EC2 call; it may be sent again for 15 minutes. */
function signedCall(server: ServerProcess, parameters: Record<string, string>) {
  const body = new URLSearchParams({ Version: '2016-11-15', ...parameters }).toString();
  const { accessKeyId, secretAccessKey } = server;
  const headers = signRequest(
    {
      method: 'POST',
      url: new URL(server.endpoint),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new TextEncoder().encode(body),
    },
    {
      credentials: { accessKeyId, secretAccessKey },
      region: 'us-east-1',
      service: 'ec2',
      now: Date.now(),
    },
  );
  return { body, headers };
}

const lua = (text: string) => JSON.stringify(text);

const unitsMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** Sends one call again and again over 32 connections, by wrk, and reads its report. */
export async function hammer(
  server: ServerProcess,
  parameters: Record<string, string>,
  durationSeconds: number,
): Promise<Throughput> {
  const { body, headers } = signedCall(server, parameters);
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-wrk-'));
  const script = join(folder, 'call.lua');
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`,
  );
  await writeFile(script, `wrk.method = "POST"\nwrk.body = ${lua(body)}\n${lines.join('\n')}\n`);
  const args = ['-t1', '-c32', `-d${durationSeconds}s`, '--latency', '-s', script, server.endpoint];
  const before = await cpuSeconds(server.pid);
  const { stdout } = await run('wrk', args);
  const used = (await cpuSeconds(server.pid)) - before;
  await rm(folder, { recursive: true });
  const [, p99 = 'NaN', unit = 'ms'] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? Number.NaN);
  return {
    cpuMicros: (used / requests) * 1e6,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN),
    p99Ms: Number(p99) * (unitsMs[unit] ?? Number.NaN),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
  };
}
