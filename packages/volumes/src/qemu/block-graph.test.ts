import { expect, test } from 'vitest';
import { isTrustworthy, parseBlockGraph } from './block-graph.ts';

test("QEMU's answers become a graph; what is not known is left out", () => {
  const graph = parseBlockGraph({
    nodes: [
      {
        'node-name': 'vol-1',
        file: '/disks/vol-1',
        image: { 'virtual-size': 4096 },
        backing_file: 'nbd+unix:///map',
        'dirty-bitmaps': [
          { name: 'a', recording: true, persistent: true, busy: false },
          { name: 'b', recording: false, inconsistent: true },
          { recording: true },
        ],
      },
      { 'node-name': 'plain' },
      'noise',
    ],
    jobs: [{ id: 'j', 'current-progress': 1, 'total-progress': 2 }, {}],
    exports: [{ id: 'e' }],
  });
  expect(graph.nodes.get('vol-1')).toEqual({
    file: '/disks/vol-1',
    sizeBytes: 4096,
    hasBacking: true,
    bitmaps: [
      { name: 'a', recording: true, inconsistent: false },
      { name: 'b', recording: false, inconsistent: true },
    ],
  });
  expect(graph.nodes.get('plain')).toEqual({
    file: '',
    sizeBytes: 0,
    hasBacking: false,
    bitmaps: [],
  });
  expect([...graph.jobs]).toEqual([['j', { doneBytes: 1, totalBytes: 2 }]]);
  expect([...graph.exports]).toEqual(['e']);
});

test.each([undefined, null, 'x', {}])('%j is an empty graph', (noise) => {
  const graph = parseBlockGraph({ nodes: noise, jobs: noise, exports: noise });
  expect(graph.nodes.size + graph.jobs.size + graph.exports.size).toBe(0);
});

test('only a bitmap that records and survived is trusted', () => {
  const bitmap = { name: 'a', recording: true, inconsistent: false };
  expect(isTrustworthy(bitmap)).toBe(true);
  expect(isTrustworthy({ ...bitmap, recording: false })).toBe(false);
  expect(isTrustworthy({ ...bitmap, inconsistent: true })).toBe(false);
  expect(isTrustworthy(undefined)).toBe(false);
});
