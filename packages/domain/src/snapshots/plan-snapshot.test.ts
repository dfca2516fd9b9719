import { expect, test } from 'vitest';
import { completeSnapshot, planSnapshot } from './plan-snapshot.ts';

const resource = {
  ownerId: '123456789012',
  region: 'us-east-1',
  tags: {},
  createdAt: 1_767_225_600_000,
};

test('a snapshot is pending from its plan to its completion', () => {
  const planned = planSnapshot({
    ...resource,
    id: 'snap-1',
    mapId: 'map-1',
    origin: { kind: 'bake' },
    volume: { id: 'vol-ffffffff', sizeGiB: 2 },
    description: '',
  });
  expect(planned).toMatchObject({ state: 'pending', progressPercent: 0 });
  expect(completeSnapshot(planned, { at: 5, fullSizeBytes: 7 })).toEqual({
    ...planned,
    state: 'completed',
    progressPercent: 100,
    completedAt: 5,
    fullSizeBytes: 7,
  });
});
