import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { MiB } from '@bakehouse/base';
import { residentBytes } from '@bakehouse/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startSimulated } from './server-process.ts';

/** What the battery may add to the resident memory of a server that has just started. */
const growthMax = 320 * MiB;
/** What two batteries may add to what the first two have left. */
const laterGrowthMax = 64 * MiB;
/**
 * How much freed memory the allocator keeps differs by up to 90 MiB from one measurement to the next, and a leak is
 * in all of them. So the least of three counts, the first of them after two more batteries.
 */
const batteries = 6;

let server: ServerProcess;

beforeAll(async () => {
  server = await startSimulated('--auth', 'open');
});

afterAll(() => server.stop());

/** Resolves with a socket, also when the server refuses one more connection. */
function opened(): Promise<Socket> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => {});
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('close', () => resolve(socket));
  });
}

/** Others are served meanwhile: so many answers, one after the other. */
async function answers(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const answer = await fetch(`${server.url}/healthz`, { signal: AbortSignal.timeout(10_000) });
    expect(answer.status).toBe(200);
    await answer.text();
  }
}

/** Resolves when the server has read all that it will: nothing more leaves the sockets. */
async function allSent(sockets: readonly Socket[]): Promise<void> {
  const waiting = () => sockets.reduce((bytes, socket) => bytes + socket.writableLength, 0);
  for (let before = -1; before !== waiting(); ) {
    before = waiting();
    await answers(5);
  }
}

const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
/** Says who it is and proves nothing: that much is taken with `--auth open`. */
const claim = `Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/${day}/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}\r\n`;

const post = (length: number, headers = '') =>
  `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n${headers}Content-Length: ${length}\r\n\r\n`;

const nearlyAll = Buffer.alloc(4 * MiB - 100, 'a');
const longAnswer = 'Action=DescribeInstanceTypes&Version=2016-11-15';
const health = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

const battery = [
  {
    name: 'unfinished bodies of strangers',
    sockets: 100,
    write: (s: Socket) => s.write(post(4 * MiB)) && s.write(nearlyAll),
  },
  {
    name: 'unfinished bodies of someone',
    sockets: 150,
    write: (s: Socket) => s.write(post(4 * MiB, claim)) && s.write(nearlyAll),
  },
  {
    name: 'requests sent ahead, whose answers nobody reads',
    sockets: 50,
    write: (s: Socket) => s.pause().write(health.repeat(1_400)),
  },
  {
    name: 'long answers that nobody reads',
    sockets: 100,
    write: (s: Socket) =>
      s.pause().write(`${post(longAnswer.length, claim)}${longAnswer}`.repeat(20)),
  },
  { name: 'idle connections', sockets: 300, write: () => {} },
] as const;

/** The most that the server had in memory while all of it was going on. */
async function fire(): Promise<number> {
  const sockets: Socket[] = [];
  let most = 0;
  for (const { sockets: count, write } of battery) {
    for (let index = 0; index < count; index += 1) {
      const socket = await opened();
      sockets.push(socket);
      write(socket);
    }
    await allSent(sockets);
    most = Math.max(most, await residentBytes(server));
  }
  for (const socket of sockets) socket.destroy();
  await answers(20);
  return most;
}

/** As many large bodies as the server has room for. */
const roomFor = 8;

/** Holds that many bodies open together, then ends them all. The statuses of the replies. */
async function statusesOfMany(): Promise<string[]> {
  const sockets = await Promise.all(Array.from({ length: roomFor }, opened));
  const replies = sockets.map((socket) => text(socket).catch(() => ''));
  for (const socket of sockets) {
    socket.write(post(nearlyAll.length + 1, `${claim}Connection: close\r\n`));
    socket.write(nearlyAll);
  }
  await allSent(sockets);
  for (const socket of sockets) socket.write('a');
  return (await Promise.all(replies)).map((reply) => reply.slice(0, 12));
}

/** Such a body has no action; one for which there is no room gets 503. */
const accepted = Array.from({ length: roomFor }, () => 'HTTP/1.1 400');

test('requests without end take a bounded amount of memory, which is used again', async () => {
  await answers(5);
  const atFirst = await residentBytes(server);
  const peaks: number[] = [];
  const after: number[] = [];
  while (after.length < batteries) {
    peaks.push(await fire());
    after.push(await residentBytes(server));
    // The server may still be noticing that its callers have left.
    await expect.poll(statusesOfMany, { timeout: 20_000 }).toEqual(accepted);
  }
  const inMiB = (all: readonly number[]) => all.map((bytes) => Math.round(bytes / MiB));
  console.log(
    `resident MiB: start ${inMiB([atFirst])}, peaks ${inMiB(peaks)}, after ${inMiB(after)}`,
  );
  expect(Math.max(...peaks) - atFirst).toBeLessThan(growthMax);
  const [, afterSecond = 0, , ...later] = after;
  expect(Math.min(...later) - afterSecond).toBeLessThan(laterGrowthMax);
});
