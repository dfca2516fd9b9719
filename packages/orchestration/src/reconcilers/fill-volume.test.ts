import { GiB, MiB } from '@bakehouse/base';
import type { Volume, VolumeId } from '@bakehouse/domain';
import { settle } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import type { ReconcilerContext } from '../context.ts';
import { launchInstance } from '../testing/launch-instance.ts';
import { testPlane } from '../testing/test-plane.ts';
import { fillVolume } from './fill-volume.ts';

const never = new AbortController().signal;

/** A context of one thin volume, over the twins, with these disks and this room. */
async function bench(
  changes: Partial<Pick<ReconcilerContext, 'room' | 'guestRoom'>> & { rateMiBps?: number },
) {
  const { rateMiBps, ...rest } = changes;
  const world = await testPlane();
  const { plane, scope, metadata, read } = world;
  const volumeId = (await launchInstance(world)).volumes[0]?.volumeId as VolumeId;
  const volume = await read((reader) => reader.get('volume', volumeId));
  const begun = { state: 'initializing', startedAt: 0, progressPercent: 0 } as const;
  const initialization = { ...begun, ...(rateMiBps ? { rateMiBps } : {}) };
  await metadata.write((tx) => tx.put('volume', { ...(volume as Volume), initialization }));
  const context = { ...plane.adminContext(scope, never), ...rest };
  return { context, volumeId, record: () => read((reader) => reader.get('volume', volumeId)) };
}

test('progress is shown as it comes, and the rate is passed on', async () => {
  const { context, volumeId, record } = await bench({ rateMiBps: 150 });
  const seen: (number | undefined)[] = [];
  const hydrate: ReconcilerContext['volumes']['hydrate'] = async (id, instanceId, options) => {
    expect([id, instanceId?.slice(0, 2), options.bytesPerSecond]).toEqual([
      volumeId,
      'i-',
      150 * MiB,
    ]);
    for (const doneBytes of [0, GiB / 4, GiB / 8, GiB]) {
      options.onProgress?.({ doneBytes, totalBytes: GiB });
      await settle();
      seen.push((await record())?.initialization?.progressPercent);
    }
    return false;
  };
  const volumes = Object.assign(Object.create(context.volumes), { hydrate });
  expect(await fillVolume({ ...context, volumes }, volumeId, never)).toBe('later');
  expect(seen).toEqual([0, 25, 25, 99]);
  expect((await record())?.originMapId).toBeDefined();
});

test('a disk without room is not filled, and one that becomes full is filled no further', async () => {
  let shortages: string[] = ['the file system is full'];
  const { context, volumeId, record } = await bench({ room: { shortages: async () => shortages } });
  expect(await fillVolume(context, volumeId, never)).toBe('later');
  shortages = [];
  const hydrate: ReconcilerContext['volumes']['hydrate'] = async (
    _,
    __,
    { signal, onProgress },
  ) => {
    shortages = ['the file system is full'];
    onProgress?.({ doneBytes: 1, totalBytes: 2 });
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return false;
  };
  const volumes = Object.assign(Object.create(context.volumes), { hydrate });
  expect(await fillVolume({ ...context, volumes }, volumeId, never)).toBe('later');
  shortages = [];
  expect(await fillVolume(context, volumeId, never)).toBe('over');
  expect(await record()).toMatchObject({ initialization: { state: 'completed' } });
  expect(await fillVolume(context, volumeId, never)).toBe('over');
});

test('a volume is filled only with as much room as paused guests need to go on', async () => {
  const room = { device: 1, path: '/data', freeBytes: GiB + GiB / 4 - 1, reservedBytes: GiB };
  const { context, volumeId } = await bench({ guestRoom: { look: async () => [room] } });
  const ended: (string | undefined)[] = [];
  const endHydration = async (_: VolumeId, id?: string) => void ended.push(id?.slice(0, 2));
  const volumes = Object.assign(Object.create(context.volumes), { endHydration });
  expect(await fillVolume({ ...context, volumes }, volumeId, never)).toBe('later');
  // Of a copy that an earlier control plane began.
  expect(ended).toEqual(['i-']);
  room.freeBytes += 1;
  expect(await fillVolume(context, volumeId, never)).toBe('over');
});
