import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { MiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { connectNbd } from '../src/index.ts';
import { removeFolder, temporaryFolder } from './fixtures.ts';
import { checkOutput } from './fuzz/check-output.ts';
import { deviceBytes, deviceContent } from './fuzz/devices.ts';
import type { ServerStatus } from './fuzz/server.ts';
import { type FuzzSession, planSession } from './fuzz/session.ts';

/** Fixed, so that every run is the same; NBD_FUZZ_SEED=… tries others, NBD_FUZZ_SESSIONS=… more of them. */
const seed = process.env.NBD_FUZZ_SEED ?? 'bakehouse';
const sessionCount = Number(process.env.NBD_FUZZ_SESSIONS ?? 2500);
const width = 24;
/** A few KiB that each session left behind would soon exceed this. */
const liveBytesMax = 24 * MiB;
/** Far above the 200 MiB at which the server settles: replies of 24 clients are in memory at a time. */
const residentBytesMax = 512 * MiB;

interface FuzzedServer {
  readonly socketPath: string;
  readonly child: ChildProcess;
  status(): Promise<ServerStatus>;
}

async function startServer(): Promise<FuzzedServer> {
  const folder = await temporaryFolder();
  const socketPath = join(folder, 'nbd.sock');
  const script = join(import.meta.dirname, 'fuzz/server.ts');
  const child = fork(script, [socketPath], { execArgv: ['--expose-gc'], stdio: 'inherit' });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await removeFolder(folder);
  });
  await once(child, 'message');
  return {
    socketPath,
    child,
    async status() {
      child.send('status');
      const [status] = await once(child, 'message');
      return status as ServerStatus;
    },
  };
}

/** The status when every client has left and what they used was freed; after ten seconds, whatever it is. */
async function statusAtRest(server: FuzzedServer): Promise<ServerStatus> {
  const endsAt = performance.now() + 10_000;
  for (;;) {
    const status = await server.status();
    const { connections, openDevices, liveBytes } = status;
    const isAtRest = connections === 0 && openDevices === 0 && liveBytes < liveBytesMax;
    if (isAtRest || performance.now() > endsAt) return status;
    await delay(20);
  }
}

/** Plays one session; resolves to what the server sent when the connection has ended. */
async function play(socketPath: string, session: FuzzSession): Promise<Buffer> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  const output: Buffer[] = [];
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (session.reads) socket.on('data', (bytes: Buffer) => output.push(bytes));
  socket.once('end', () => socket.destroy());
  for (const piece of session.pieces) {
    socket.write(piece);
    if (session.pieces.length < 60) await nextTurn();
  }
  if (session.goodbye === 'drop') socket.destroy();
  if (session.goodbye === 'close' || session.goodbye === 'disconnect and close') socket.end();
  if (!session.reads) await delay(3).then(() => socket.destroy());
  const timer = setTimeout(() => socket.destroy(new Error('late')), 20_000);
  await closed;
  clearTimeout(timer);
  return Buffer.concat(output);
}

async function playAndCheck(socketPath: string, name: string): Promise<void> {
  const session = planSession(name);
  const output = await play(socketPath, session);
  if (session.goodbye === 'drop' || !session.reads || session.promise === undefined) return;
  try {
    checkOutput(output, session.promise);
  } catch (cause) {
    throw new Error(`session ${name} (${session.goodbye})`, { cause });
  }
}

async function playAll(socketPath: string, from: number, to: number): Promise<void> {
  let next = from;
  const lane = async () => {
    for (let index = next++; index < to; index = next++) {
      await playAndCheck(socketPath, `${seed}/${index}`);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

test(`${sessionCount} clients, many of them broken or hostile, leave a server that serves (seed ${seed})`, async () => {
  const server = await startServer();
  const warmUp = Math.ceil(sessionCount / 10);
  await playAll(server.socketPath, 0, warmUp);
  const before = await statusAtRest(server);
  await playAll(server.socketPath, warmUp, sessionCount);
  const after = await statusAtRest(server);
  process.stderr.write(
    `NBD fuzz: seed ${seed}, ${sessionCount} sessions, server uses ${Math.round(after.liveBytes / MiB)} MiB, resident ${Math.round(after.residentBytes / MiB)} MiB\n`,
  );
  expect(after).toMatchObject({ connections: 0, openDevices: 0, faults: [] });
  expect(after.openFiles).toBe(before.openFiles);
  expect(after.liveBytes).toBeLessThan(liveBytesMax);
  expect(after.residentBytes).toBeLessThan(residentBytesMax);
  expect(server.child.exitCode).toBeNull();

  const client = await connectNbd({ socketPath: server.socketPath, exportName: 'slow' });
  expect(Buffer.compare(await client.read(0, deviceBytes), deviceContent)).toBe(0);
  await client.close();
}, 600_000);
