import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { adminClient } from '@bakehouse/aws-wire';
import { silentLogger } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AdminServiceOptions, serveAdmin } from './admin-service.ts';
import { readBody, signedRequest } from './exchange.ts';

const accountId = '123456789012';
const caller = { accountId, accessKeyId: 'A', region: 'us-east-1', service: 'bakehouse' };
let server: Server;
let silence: PromiseWithResolvers<void>;

beforeEach(async () => {
  silence = Promise.withResolvers();
  // Operations of these tests stand in for the platform's own.
  const operations = {
    async *Slow() {
      await silence.promise;
      yield { done: true };
    },
    async *SlowlyRefused() {
      yield* [];
      await silence.promise;
      throw apiError('InvalidParameterValue', { message: 'late' });
    },
    async *Refused() {
      yield* [];
      throw apiError('InvalidParameterValue', { message: 'early' });
    },
  } as unknown as AdminServiceOptions['operations'];
  server = createServer(async (request, response) => {
    const signed = signedRequest(request, await readBody(request));
    await serveAdmin(signed, response, caller, {
      operatorAccountId: accountId,
      operations,
      makeContext: () => ({}) as ReturnType<AdminServiceOptions['makeContext']>,
      logger: silentLogger,
      heartbeatMs: 5,
    }).catch((error) =>
      response.writeHead(400).end(JSON.stringify({ __type: 'E', message: error.message })),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function client(fetcher: typeof fetch = fetch) {
  return adminClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'A', secretAccessKey: 'S' },
    region: 'us-east-1',
    fetch: fetcher,
  });
}

async function eventsOf(operation: string, fetcher?: typeof fetch): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of client(fetcher).callStreaming(operation, {})) events.push(event);
  return events;
}

/** Lets the operation end only after the answer has begun, so without a heartbeat it never would. */
const onceBegun: typeof fetch = async (...request) => {
  const response = await fetch(...request);
  silence.resolve();
  return response;
};

test('an operation that is silent for long shows that it lives', async () => {
  expect(await eventsOf('Slow', onceBegun)).toEqual([{ done: true }]);
});

test('a refusal after the answer began is its last line', async () => {
  await expect(eventsOf('SlowlyRefused', onceBegun)).rejects.toMatchObject({
    code: 'InvalidParameterValue',
    message: 'late',
  });
});

test('a refusal at once is an error answer', async () => {
  await expect(eventsOf('Refused')).rejects.toMatchObject({ status: 400, message: 'early' });
});
