import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { adminClient, wholeBody } from '@bakehouse/aws-wire';
import { silentLogger } from '@bakehouse/base';
import { apiError } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AdminServiceOptions, serveAdmin } from './admin-service.ts';
import { requestHead } from './request-head.ts';

const accountId = '123456789012';
let caller = { accountId, accessKeyId: 'A', region: 'us-east-1', service: 'bakehouse' };
let verify: AdminServiceOptions['handlers']['Verify'];
let server: Server;

const verified = { checkedChunks: 1, checkedMaps: 1, problems: [] };

beforeEach(async () => {
  caller = { ...caller, accountId };
  server = createServer(async (request, response) => {
    const head = requestHead(request);
    const body = wholeBody(await buffer(request));
    await serveAdmin(
      { head, body, caller, response },
      {
        operatorAccountId: accountId,
        handlers: { Verify: verify } as AdminServiceOptions['handlers'],
        makeContext: async (_, signal) =>
          ({ signal }) as Awaited<ReturnType<AdminServiceOptions['makeContext']>>,
        logger: silentLogger,
        heartbeatMs: 5,
      },
    ).catch((error) =>
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

/** Resolves `begun` when the reply has begun. */
function fetchNotingStart() {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const fetcher: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    resolve();
    return response;
  };
  return { begun, fetcher };
}

test('a call that is silent for long shows that it is worked on', async () => {
  // Without a heartbeat the reply would never begin, and this call never end.
  const { begun, fetcher } = fetchNotingStart();
  verify = async () => {
    await begun;
    return verified;
  };
  expect(await client(fetcher).call('Verify', {})).toEqual(verified);
});

test('a refusal after the reply began is its last line', async () => {
  const { begun, fetcher } = fetchNotingStart();
  verify = async () => {
    await begun;
    throw apiError('InvalidParameterValue', { message: 'late' });
  };
  const refusal = { code: 'InvalidParameterValue', message: 'late' };
  await expect(client(fetcher).call('Verify', {})).rejects.toMatchObject(refusal);
});

test('a refusal at once is an error reply', async () => {
  verify = async () => {
    throw apiError('InvalidParameterValue', { message: 'early' });
  };
  const refusal = { status: 400, message: 'early' };
  await expect(client().call('Verify', {})).rejects.toMatchObject(refusal);
});

test('another account is refused before its input is read', async () => {
  caller = { ...caller, accountId: '999999999999' };
  await expect(client().call('Verify', {})).rejects.toThrow(`Only account ${accountId}`);
});

test('a handler learns that its caller has gone', async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
  const leaving = new AbortController();
  verify = async ({ signal }, _, report) => {
    signal.addEventListener('abort', () => resolve(signal.reason));
    report({ doneBytes: 0, totalBytes: 1 });
    await aborted;
    return verified;
  };
  const onProgress = () => leaving.abort(new Error('left'));
  const call = client().call('Verify', {}, { signal: leaving.signal, onProgress });
  await expect(call).rejects.toThrow('left');
  expect(await aborted).toMatchObject({ message: 'the caller closed the connection' });
});

test('a handler that reports more than a stuck client reads keeps one line', async () => {
  const line = 'x'.repeat(10_000);
  verify = async (_, __, report) => {
    for (let each = 0; each < 20_000; each += 1) report({ doneBytes: each, totalBytes: 20_000 });
    return {
      ...verified,
      problems: [{ what: line, name: '', problem: '', usedBy: [], touches: [] }],
    };
  };
  const seen: number[] = [];
  const result = await client().call(
    'Verify',
    {},
    { onProgress: ({ doneBytes }) => seen.push(doneBytes) },
  );
  expect(result.problems[0]?.what).toBe(line);
  // All was reported in one turn, in which nothing could be sent: what did not fit was left out.
  expect(seen.length).toBeLessThan(20_000);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});
