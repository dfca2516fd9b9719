import { ApiError, apiError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { exampleCredentials } from '../../test-support/sdk-exchange.ts';
import { verifyRequest } from '../../test-support/verify-request.ts';
import { adminClient } from './admin-client.ts';
import { AdminConnectionError, ServerAwayError } from './admin-connection-error.ts';
import { type AdminCall, decodeAdminRequest } from './decode-admin-request.ts';
import { encodeAdminError, encodeAdminLine } from './encode-admin-response.ts';

const endpoint = 'http://127.0.0.1:4566';

/** A client whose requests are checked as the server does, and answered in this process. */
function clientOf(serve: (call: AdminCall) => Response) {
  return adminClient({
    endpoint,
    credentials: exampleCredentials,
    region: 'eu-central-1',
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

const replying = (text: string, status = 200) => clientOf(() => new Response(text, { status }));

const pruned = { removedMaps: 1, removedChunks: 2, freedBytes: 3 };
const verified = { checkedChunks: 1, checkedMaps: 2, problems: [] };
const at = (doneBytes: number) => encodeAdminLine({ progress: { doneBytes, totalBytes: 3 } });

/** What a Verify reports, then its result. */
async function verify(client: ReturnType<typeof adminClient>) {
  const seen: number[] = [];
  const result = await client
    .call('Verify', {}, { onProgress: ({ doneBytes }) => seen.push(doneBytes) })
    .catch((error: unknown) => error);
  return { seen, result };
}

test('a call is signed, names itself and returns the result', async () => {
  const client = clientOf((call) => {
    expect(call).toEqual({ name: 'AccountCreate', input: { name: 'Ada' } });
    const account = { accountId: '1', name: 'Ada', isNew: true };
    const result = { ...account, accessKeyId: 'A', secretAccessKey: 'S' };
    return new Response(encodeAdminLine({ result }));
  });
  const result = await client.call('AccountCreate', { name: 'Ada' });
  expect(result.name).toBe('Ada');
});

test('a refusal is thrown as the error that it is', async () => {
  const error = apiError('UnauthorizedOperation', { message: 'Not you.' });
  const client = replying(encodeAdminError(error), error.status);
  await expect(client.call('Prune', {})).rejects.toEqual(error);
});

/** A body in pieces that do not end where lines do. */
function pieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.slice(i * size, (i + 1) * size),
  );
  return ReadableStream.from(parts);
}

test.each([1, 7, 1000])('progress, then the result, in pieces of %i bytes', async (size) => {
  const text = `${at(1)}\n${at(2)}${encodeAdminLine({ result: verified })}`;
  const client = clientOf(() => new Response(pieces(text, size)));
  expect(await verify(client)).toEqual({ seen: [1, 2], result: verified });
});

test('an error after progress is thrown', async () => {
  const error = { code: 'InternalError', message: 'The disk broke.' };
  const { seen, result } = await verify(replying(at(1) + encodeAdminError(error)));
  expect([seen, result]).toEqual([[1], new ApiError(error.code, 500, error.message)]);
});

test('a reply that breaks off is no success', async () => {
  const { result } = await verify(replying(at(1)));
  expect(result).toBeInstanceOf(AdminConnectionError);
  await expect(replying('').call('Prune', {})).rejects.toThrow('broke off');
});

test('the connection is closed after the result', async () => {
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      controller.enqueue(new TextEncoder().encode(encodeAdminLine({ result: pruned }))),
    cancel: () => {
      cancelled = true;
    },
  });
  expect(await clientOf(() => new Response(stream)).call('Prune', {})).toEqual(pruned);
  expect(cancelled).toBe(true);
});

test.each(['<html>', '{"N":', '{"N":1}', '[]', 'null'])(
  'the reply %j is not the admin service’s',
  async (text) => {
    await expect(replying(text).call('Prune', {})).rejects.toThrow('not the admin service');
    await expect(replying(text, 404).call('Prune', {})).rejects.toThrow('not the admin service');
    await expect(replying(text, 502).call('Prune', {})).rejects.toThrow(ServerAwayError);
  },
);

test('a result or progress that the contract does not allow names the member', async () => {
  const broken = encodeAdminLine({ result: { ...pruned, freedBytes: 'all' } });
  await expect(replying(broken).call('Prune', {})).rejects.toThrow(/freedBytes.*another release/);
  await expect(replying(broken).call('Prune', {})).rejects.not.toBeInstanceOf(ServerAwayError);
  const { result } = await verify(replying(encodeAdminLine({ progress: { doneBytes: 1 } })));
  expect(result).toMatchObject({ message: expect.stringMatching(/totalBytes.*another release/) });
});

test('a server that does not know the call is of another release', async () => {
  const error = apiError('InvalidAction', { action: 'Prune', version: '' });
  const client = replying(encodeAdminError(error), error.status);
  await expect(client.call('Prune', {})).rejects.toThrow(/call Prune.*another release/);
  await expect(client.call('Prune', {})).rejects.not.toBeInstanceOf(ServerAwayError);
});

test('a server that cannot be reached is named', async () => {
  const client = clientOf(() => {
    throw new TypeError('fetch failed');
  });
  await expect(client.call('Prune', {})).rejects.toThrow(endpoint);
});

test('the signal’s reason comes through, and silence has a limit', async () => {
  const never = (signal: AbortSignal | null | undefined) =>
    new Promise<Response>((_, reject) => {
      signal?.throwIfAborted();
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  const client = adminClient({
    endpoint,
    credentials: exampleCredentials,
    region: 'eu-central-1',
    timeoutMs: 20,
    fetch: (_, init) => never(init?.signal),
  });
  await expect(client.call('Prune', {})).rejects.toThrow('no reply within 20 ms');
  const signal = AbortSignal.abort(new Error('changed my mind'));
  await expect(client.call('Prune', {}, { signal })).rejects.toThrow('changed my mind');
});
