import type { AdminResult } from '@bakehouse/admin-api';
import { expect, test } from 'vitest';
import { exampleCredentials } from '../../test-support/sdk-exchange.ts';
import { encodeAdminLine } from './encode-admin-response.ts';
import { followBake } from './follow-bake.ts';

type Bake = AdminResult<'BakeList'>['bakes'][number];

const bakeId = 'bake-0123456789abcdef0';
const bake = { bakeId, recipe: 'base', startedAt: 1, isCancelling: false, images: [] } as const;

const frame = (type: string, position: number, data: object = {}) =>
  `event: ${type}\nid: a-${position}\ndata: ${JSON.stringify({ type, at: 1, id: bakeId, ...data })}\n\n`;
const recordIn = (state: Bake['state']) => ({ change: 'put', kind: 'bake', state });

test('progress is reported even when the bake has ended before its events are read', async () => {
  const looks: Bake[] = [
    { ...bake, state: 'in-progress', progress: { stage: 'build' } },
    { ...bake, state: 'completed', endedAt: 2, name: 'base' },
  ];
  const events = [
    frame('start', 1),
    frame('record', 2, recordIn('in-progress')),
    frame('progress', 3, { stage: 'store' }),
    frame('record', 4, recordIn('completed')),
  ].join('');
  let streams = 0;
  const options = {
    endpoint: 'http://127.0.0.1:4566',
    credentials: exampleCredentials,
    region: 'eu-central-1',
    async fetch(_: unknown, init?: RequestInit) {
      if (init?.method !== 'GET')
        return new Response(encodeAdminLine({ result: { bakes: [looks.shift()] } }));
      streams += 1;
      return new Response(events);
    },
  };
  const stages: string[] = [];
  const { state } = await followBake(
    options,
    { bakeId },
    { onProgress: ({ stage }) => stages.push(stage) },
  );
  expect({ state, stages, streams }).toEqual({
    state: 'completed',
    stages: ['build', 'store'],
    streams: 1,
  });
});
