import { expect, test } from 'vitest';
import { blockSourceAddress } from './block-source-address.ts';

const nbd = { kind: 'nbd', socketPath: '/s', exportName: 'e', changedContext: 'base:allocation' };

test.each([nbd, { ...nbd, changedDepthMax: 2 }, { kind: 'file', path: '/disk' }])(
  'what a driver made is read as it was, also after a JSON text: %j',
  (reference) => {
    expect(blockSourceAddress(JSON.parse(JSON.stringify(reference)))).toEqual(reference);
  },
);

test.each([
  { kind: 'tape' },
  { kind: 'file' },
  { ...nbd, exportName: 1 },
  ...[0, 1.5, '2', null].map((changedDepthMax) => ({ ...nbd, changedDepthMax })),
])('anything else is refused: %j', (reference) => {
  expect(() => blockSourceAddress(reference)).toThrow(TypeError);
});
