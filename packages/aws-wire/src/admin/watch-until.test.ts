import { systemClock } from '@bakehouse/base';
import { type ApiError, apiError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { exampleCredentials } from '../../test-support/sdk-exchange.ts';
import { AdminConnectionError } from './admin-connection-error.ts';
import type { AdminClientOptions } from './admin-transport.ts';
import { encodeAdminError } from './encode-admin-response.ts';
import { watchUntil } from './watch-until.ts';

type Connect = (headers: Headers) => string | Response | Error;

const frame = (type: string, position: string, data: object = {}) =>
  `event: ${type}\nid: ${position}\ndata: ${JSON.stringify(data)}\n\n`;
const changed = (position: string) =>
  frame('record', position, { type: 'record', at: 1, change: 'put', kind: 'bake', id: 'bake-1' });
const progressed = (position: string, stage: string) =>
  frame('progress', position, { type: 'progress', at: 1, id: 'bake-1', stage });

const errorReply = (error: ApiError) =>
  new Response(encodeAdminError(error), { status: error.status });

/** A client of a server whose streams are these, one for each connection. */
function optionsFor(connections: readonly Connect[]) {
  let elapsed = 0;
  const sent: (string | null)[] = [];
  const options: AdminClientOptions = {
    endpoint: 'http://127.0.0.1:4566',
    credentials: exampleCredentials,
    region: 'eu-central-1',
    async fetch(_, init) {
      const headers = new Headers(init?.headers);
      const stream = connections[sent.length]?.(headers) ?? new Error('refused');
      sent.push(headers.get('last-event-id'));
      if (stream instanceof Error) throw stream;
      return typeof stream === 'string' ? new Response(stream) : stream;
    },
    clock: {
      now: () => 0,
      elapsed: () => elapsed,
      async sleep(durationMs, signal) {
        signal?.throwIfAborted();
        elapsed += durationMs;
      },
    },
  };
  return { options, sent };
}

test('what has already ended is found at the start', async () => {
  const { options } = optionsFor([() => frame('start', 'a-1')]);
  expect(await watchUntil(options, { look: async () => 'done' })).toBe('done');
});

test('the end is looked for after changes, and after what was missed, over restarts', async () => {
  const { options, sent } = optionsFor([
    () => frame('start', 'a-1') + progressed('a-2', 'build') + changed('a-3'),
    () => new Error('the server is away'),
    () => frame('gap', 'b-7') + progressed('b-8', 'store') + changed('b-9'),
  ]);
  let looks = 0;
  const stages: string[] = [];
  const result = await watchUntil(options, {
    look: async () => {
      looks += 1;
      return looks === 4 ? 'done' : undefined;
    },
    onEvent: (event) => {
      if (event.type === 'progress') stages.push(event.stage);
    },
  });
  expect({ result, looks, stages, sent }).toEqual({
    result: 'done',
    looks: 4,
    stages: ['build', 'store'],
    sent: [null, 'a-3', 'a-3'],
  });
});

test('nothing is looked for after changes that cannot be the end', async () => {
  const { options } = optionsFor([
    () => frame('start', 'a-1') + changed('a-2') + progressed('a-3', 'store') + changed('a-4'),
  ]);
  const calls: string[] = [];
  const changes = ['in-progress', 'completed'];
  const result = await watchUntil(options, {
    look: async () => {
      calls.push('look');
      return changes.length === 0 ? 'done' : undefined;
    },
    onEvent: ({ type }) => calls.push(type),
    mayBeEnd: () => changes.shift() === 'completed',
  });
  expect({ result, calls }).toEqual({
    result: 'done',
    calls: ['look', 'record', 'progress', 'record', 'look'],
  });
});

test('a server that stays away ends the wait', async () => {
  const { options, sent } = optionsFor([() => frame('start', 'a-1')]);
  const watch = { look: async () => undefined, awayMsMax: 5_000 };
  await expect(watchUntil(options, watch)).rejects.toThrow('cannot be reached');
  expect(sent.length).toBe(12);
});

test('only the time counts in which the server is away, however long nothing happened before', async () => {
  let elapsed = 0;
  const { options } = optionsFor([
    () => {
      elapsed = 120_000;
      return frame('start', 'a-1');
    },
    () => new Error('refused'),
    () => frame('start', 'b-1'),
  ]);
  const { clock = systemClock } = options;
  const slow = { ...clock, elapsed: () => elapsed + clock.elapsed() };
  let looks = 0;
  const look = async () => {
    looks += 1;
    elapsed += 120_000;
    return looks === 2 ? 'done' : undefined;
  };
  expect(await watchUntil({ ...options, clock: slow }, { look })).toBe('done');
});

const unavailable = apiError('Unavailable', { message: 'No server is active now' });
const noRoom = apiError('RequestLimitExceeded', { message: 'Too many streams are open' });

test.each([
  ['serves nothing for now', unavailable],
  ['has no room for a stream', noRoom],
])('a server that %s is waited for', async (_what, problem) => {
  const { options, sent } = optionsFor([
    () => errorReply(problem),
    () => frame('start', 'a-1'),
    () => frame('start', 'a-1'),
  ]);
  let looks = 0;
  const look = async () => {
    looks += 1;
    if (looks === 1) throw problem;
    return 'done';
  };
  expect(await watchUntil(options, { look })).toBe('done');
  expect(sent.length).toBe(3);
});

test('another refusal of the stream ends the wait', async () => {
  const refused = apiError('AuthFailure', { message: 'Only the operator may' });
  const { options } = optionsFor([() => errorReply(refused)]);
  const look = async () => 'done';
  await expect(watchUntil(options, { look })).rejects.toMatchObject({ code: 'AuthFailure' });
});

test('what looking throws is waited for where the caller knows it, for as long as it may last', async () => {
  const { options, sent } = optionsFor(Array.from({ length: 20 }, () => () => frame('start', 'a')));
  const lost = new Error('lost');
  const isAway = (error: unknown) => error === lost;
  let looks = 0;
  const look = async () => {
    looks += 1;
    if (looks === 1) throw lost;
    return 'done';
  };
  expect(await watchUntil(options, { look, isAway })).toBe('done');
  expect(sent.length).toBe(2);
  const never = { look: () => Promise.reject(lost), isAway, awayMsMax: 5_000 };
  await expect(watchUntil(options, never)).rejects.toBe(lost);
  expect(sent.length).toBe(14);
});

test('a server that has events, but never an answer, ends the wait', async () => {
  const { options, sent } = optionsFor(Array.from({ length: 20 }, () => () => frame('start', 'a')));
  const watch = { look: () => Promise.reject(unavailable), awayMsMax: 5_000 };
  await expect(watchUntil(options, watch)).rejects.toBe(unavailable);
  expect(sent.length).toBe(12);
});

test('what looking throws ends the wait, and so does the signal', async () => {
  const { options } = optionsFor([() => frame('start', 'a-1')]);
  const look = () => Promise.reject(new Error('it failed'));
  await expect(watchUntil(options, { look })).rejects.toThrow('it failed');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(watchUntil(options, { look }, signal)).rejects.toThrow('enough');
});

test.each<[string, Connect, RegExp]>([
  ['has no events', () => errorReply(apiError('MissingAction', {})), /no events.*another release/],
  ['is no admin service', () => new Response('<html>', { status: 404 }), /not the admin service/],
  ['replies with what is no stream', () => '<html>\n', /not the admin service/],
])('a server that %s is not waited for', async (_, connect, message) => {
  const { options, sent } = optionsFor([connect]);
  await expect(watchUntil(options, { look: async () => 'done' })).rejects.toThrow(message);
  expect(sent).toHaveLength(1);
});

test('a server that does not know a call is not waited for, one behind a proxy is', async () => {
  const { options, sent } = optionsFor([
    () => new Response('<html>', { status: 502 }),
    () => frame('start', 'a-1'),
  ]);
  const look = async () => {
    throw new AdminConnectionError('http://127.0.0.1:4566', 'of another release');
  };
  await expect(watchUntil(options, { look })).rejects.toThrow('of another release');
  expect(sent).toHaveLength(2);
});
