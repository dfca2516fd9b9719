import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { MiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { byteBudget } from './byte-budget.ts';
import { sendReply } from './send-reply.ts';

interface Exchange {
  readonly client: Socket;
  readonly response: ServerResponse;
}

/** A client that waits for the reply to its last request, and the response to each request. */
async function exchanges(count = 1): Promise<Exchange[]> {
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => responses.push(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(count));
  await expect.poll(() => responses.length).toBe(count);
  return responses.map((response) => ({ client, response }));
}

async function exchange(): Promise<Exchange> {
  const [only] = await exchanges();
  return only ?? expect.unreachable();
}

/** Resolves when the server knows. */
async function leave({ client, response }: Exchange): Promise<void> {
  const { socket } = response.req;
  const gone = new Promise((resolve) => socket.on('close', resolve));
  client.destroy();
  await gone;
}

const budgetOf = (bytes: number, streams = 1) => ({
  bytes: byteBudget(bytes),
  streams: byteBudget(streams),
});
const reply = (body: Uint8Array | AsyncIterable<string>) => ({ status: 200, headers: {}, body });

test('a client that left during the operation holds none of the budget', async () => {
  const one = await exchange();
  await leave(one);
  const budget = budgetOf(MiB);
  await sendReply(one.response, reply(new Uint8Array(MiB)), budget);
  async function* parts() {
    yield 'part';
  }
  await sendReply(one.response, reply(parts()), budget);
  expect([budget.bytes.take(MiB), budget.streams.take(1)]).toEqual([true, true]);
});

test('a client that left before its turn on the connection holds none of the budget', async () => {
  const [, second] = await exchanges(2);
  if (!second) return expect.unreachable();
  const budget = budgetOf(MiB);
  const sending = sendReply(second.response, reply(new Uint8Array(MiB)), budget);
  await leave(second);
  await sending;
  expect(budget.bytes.take(MiB)).toBe(true);
});

test('a client that reads nothing and leaves holds none of the budget', async () => {
  const one = await exchange();
  one.client.pause();
  const budget = budgetOf(64 * MiB);
  const sending = sendReply(one.response, reply(new Uint8Array(64 * MiB)), budget);
  expect(budget.bytes.take(1)).toBe(false);
  await leave(one);
  await sending;
  expect(budget.bytes.take(64 * MiB)).toBe(true);
});

test.each(['', 'x'.repeat(MiB)])(
  'a client that leaves while the last part is made holds no stream',
  async (last) => {
    const one = await exchange();
    async function* parts() {
      yield 'first';
      await leave(one);
      if (last !== '') yield last;
    }
    const budget = budgetOf(0);
    await sendReply(one.response, reply(parts()), budget);
    expect(budget.streams.take(1)).toBe(true);
  },
);
