import { expect, test } from 'vitest';
import type { BlockGraph } from '../qemu/block-graph.ts';
import { isFrozenLive, viewsOf, viewsOfVolume, volumeOfView } from './views.ts';

const volumeId = 'vol-00000000000000001';
const otherId = 'vol-00000000000000002';
const snapshotId = 'snap-00000000000000001';
type Node = BlockGraph['nodes'] extends ReadonlyMap<string, infer Value> ? Value : never;
const plain: Node = { file: '', sizeBytes: 1, hasBacking: false, bitmaps: [] };
const since = { name: `since-${snapshotId}`, recording: true, inconsistent: false };
const fleeceFile = { ...plain, file: `/data/volumes/${volumeId}/fleece-${snapshotId}.qcow2` };
const fleeceInDoor = {
  ...plain,
  file: `/data/volumes/.machines/i-00000000000000001/${volumeId}.fleece-${snapshotId}.qcow2`,
};

function graphOf(
  nodes: Readonly<Record<string, Node>>,
  { jobs = [], exports = [] }: { jobs?: readonly string[]; exports?: readonly string[] } = {},
): BlockGraph {
  const progress = { doneBytes: 0, totalBytes: 0 };
  return {
    nodes: new Map(Object.entries({ [volumeId]: plain, [otherId]: plain, ...nodes })),
    jobs: new Map(jobs.map((id) => [id, progress])),
    exports: new Set(exports),
  };
}

test.each([
  ['its bitmap', { [volumeId]: { ...plain, bitmaps: [since] }, [snapshotId]: plain }],
  ['its fleece', { [snapshotId]: plain, [`${snapshotId}-f`]: fleeceFile }],
  ["its fleece's file", { [`${snapshotId}-f`]: fleeceFile }],
  ["its fleece's file in a machine's door", { [`${snapshotId}-f`]: fleeceInDoor }],
])('a view that has only %s is found with its volume', (_, nodes) => {
  const graph = graphOf(nodes);
  expect(viewsOf(graph)).toEqual([snapshotId]);
  expect(volumeOfView(graph, snapshotId)).toBe(volumeId);
  expect(viewsOfVolume(graph, volumeId)).toEqual([snapshotId]);
  expect(viewsOfVolume(graph, otherId)).toEqual([]);
});

test('a bitmap alone is no view', () => {
  const graph = graphOf({ [volumeId]: { ...plain, bitmaps: [since] } });
  expect(viewsOf(graph)).toEqual([]);
});

test('an export or a job alone is a view', () => {
  expect(viewsOf(graphOf({}, { exports: [snapshotId] }))).toEqual([snapshotId]);
  expect(viewsOf(graphOf({}, { jobs: [snapshotId, 'hydrate-x'] }))).toEqual([snapshotId]);
});

test('a view is frozen when its job copies into its fleece', () => {
  const volume = { volumeId, snapshotId } as const;
  const nodes = { [snapshotId]: plain };
  expect(isFrozenLive(graphOf(nodes, { jobs: [snapshotId] }), volume)).toBe(true);
  expect(isFrozenLive(graphOf(nodes), volume)).toBe(false);
  expect(isFrozenLive(graphOf({}, { jobs: [snapshotId] }), volume)).toBe(false);
});
