import type { VolumeId } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { diskPaths, snapshotOfFleece, volumeOfTemporary } from './disk-paths.ts';

const paths = diskPaths('/data/volumes');

test.each(['vol-../../etc', 'vol-', 'vol-1/x', 'vol-0123456789ABCDEF0'])(
  'the id %s never becomes a path',
  (text) => {
    const volumeId: VolumeId = `vol-${text.slice(4)}`;
    expect(() => paths.disk(volumeId)).toThrow(RangeError);
    expect(() => paths.temporary(volumeId, 'old')).toThrow(RangeError);
  },
);

test('names in the folder are read back as they are written', () => {
  const fleece = paths.fleece('vol-0123456789abcdef0', 'snap-0123456789abcdef1');
  expect(snapshotOfFleece(fleece.slice(fleece.lastIndexOf('/') + 1))).toBe(
    'snap-0123456789abcdef1',
  );
  expect(volumeOfTemporary('.new-vol-0123456789abcdef0')).toBe('vol-0123456789abcdef0');
  expect(volumeOfTemporary('vol-0123456789abcdef0')).toBeUndefined();
  expect(snapshotOfFleece('disk.qcow2')).toBeUndefined();
});
