import { ApiError, apiError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { exampleCredentials } from '../../test-support/sdk-exchange.ts';
import { verifyRequest } from '../sigv4/verify-request.ts';
import { adminClient } from './admin-client.ts';
import { AdminConnectionError } from './admin-connection-error.ts';
import { decodeAdminRequest } from './decode-admin-request.ts';
import {
  encodeAdminError,
  encodeAdminEvent,
  encodeAdminResponse,
} from './encode-admin-response.ts';

type Serve = (call: { operation: string; input: object }) => Response;

interface Operations {
  readonly Greet: { input: { Name: string }; output: { Words: string } };
  readonly Count: { input: { To: number }; output: { N: number } };
  readonly [name: string]: { input: unknown; output: unknown };
}

/** A client whose requests are checked as the server would and answered in this process. */
function clientOf(serve: Serve, timeoutMs = 5_000) {
  return adminClient<Operations>({
    endpoint: 'http://127.0.0.1:4566',
    credentials: exampleCredentials,
    region: 'eu-central-1',
    timeoutMs,
    async fetch(url, init) {
      const { pathname, host } = new URL(String(url));
      const headers = { ...Object.fromEntries(new Headers(init?.headers)), host };
      const body = new Uint8Array(await new Response(init?.body ?? '').arrayBuffer());
      const request = { method: init?.method ?? '', path: pathname, rawQuery: '', headers, body };
      const identity = await verifyRequest(request, {
        now: Date.now(),
        findSecret: async () => ({ secret: exampleCredentials.secretAccessKey, accountId: '1' }),
      });
      expect(identity.service).toBe('bakehouse');
      return serve(decodeAdminRequest(request));
    },
  });
}

async function collected(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

test('a call is signed, says its operation and answers what the server does', async () => {
  const client = clientOf(({ operation, input }) => {
    expect({ operation, input }).toEqual({ operation: 'Greet', input: { Name: 'Ada' } });
    return new Response(encodeAdminResponse({ Words: 'Hello, Ada' }));
  });
  expect(await client.call('Greet', { Name: 'Ada' })).toEqual({ Words: 'Hello, Ada' });
});

test('a refusal is thrown as the error that it is', async () => {
  const error = apiError('UnauthorizedOperation', { message: 'Not you.' });
  const client = clientOf(() => new Response(encodeAdminError(error), { status: error.status }));
  await expect(client.call('Greet', { Name: 'x' })).rejects.toEqual(error);
  const events = client.callStreaming('Count', { To: 1 });
  await expect(collected(events)).rejects.toEqual(error);
});

/** A streamed body in pieces that know nothing of lines. */
function pieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.slice(i * size, (i + 1) * size),
  );
  return ReadableStream.from(parts);
}

test.each([1, 7, 1000])('events come one by one, in pieces of %i bytes too', async (size) => {
  const lines = [{ N: 1 }, { N: 2 }, { N: 3, Words: 'größe 😀' }].map(encodeAdminEvent).join('\n');
  const client = clientOf(() => new Response(pieces(lines, size)));
  expect(await collected(client.callStreaming('Count', { To: 3 }))).toEqual([
    { N: 1 },
    { N: 2 },
    { N: 3, Words: 'größe 😀' },
  ]);
});

test('an error that comes late ends the events', async () => {
  const error = { code: 'InternalError', message: 'The build broke.' };
  const client = clientOf(() => new Response(encodeAdminEvent({ N: 1 }) + encodeAdminError(error)));
  const seen: unknown[] = [];
  const all = (async () => {
    for await (const event of client.callStreaming('Count', { To: 3 })) seen.push(event);
  })();
  await expect(all).rejects.toEqual(new ApiError(error.code, 500, error.message));
  expect(seen).toEqual([{ N: 1 }]);
});

test('leaving the loop closes the connection', async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('{"N":1}\n')),
    cancel: () => {
      cancelled = true;
    },
  });
  const client = clientOf(() => new Response(stream));
  for await (const event of client.callStreaming('Count', { To: 3 })) {
    expect(event).toEqual({ N: 1 });
    break;
  }
  expect(cancelled).toBe(true);
});

test.each(['<html>', '', '{"N":'])('the answer %j is not the admin service’s', async (text) => {
  const client = clientOf(() => new Response(text));
  await expect(client.call('Greet', { Name: 'x' })).rejects.toThrow(AdminConnectionError);
  const broken = clientOf(() => new Response(text, { status: 502 }));
  await expect(broken.call('Greet', { Name: 'x' })).rejects.toThrow(AdminConnectionError);
});

test('a line without an end is not read for ever', async () => {
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(0x61)),
  });
  const client = clientOf(() => new Response(endless));
  const events = client.callStreaming('Count', { To: 3 });
  await expect(collected(events)).rejects.toThrow(AdminConnectionError);
});

test('a server that is not there is named', async () => {
  const client = clientOf(() => {
    throw new TypeError('fetch failed');
  });
  await expect(client.call('Greet', { Name: 'x' })).rejects.toThrow('http://127.0.0.1:4566');
});

test('the signal’s reason comes through, and silence has a limit', async () => {
  const never = (signal: AbortSignal | null | undefined) =>
    new Promise<Response>((_, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  const client = adminClient({
    endpoint: 'http://127.0.0.1:4566',
    credentials: exampleCredentials,
    region: 'eu-central-1',
    timeoutMs: 20,
    fetch: (_, init) => never(init?.signal),
  });
  await expect(client.call('Greet', {})).rejects.toThrow('no answer within 20 ms');
  const stop = AbortSignal.abort(new Error('changed my mind'));
  await expect(client.call('Greet', {}, { signal: stop })).rejects.toThrow('changed my mind');
});
