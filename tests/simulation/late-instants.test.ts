import { FakeWorld } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { checkWorld } from './check-world.ts';
import { hold, imagesOfUser, launch, outputOf } from './scenes.ts';
import { type PlatformRun, startPlatform } from './simulated-platform.ts';

async function scene(seed: string) {
  const world = new FakeWorld({ seed });
  const run = await startPlatform(world);
  return { world, run, ...(await launch(run, world)) };
}

const late = { kind: 'refused', code: 'IncorrectState' };

const acts: Record<
  string,
  (run: PlatformRun, ids: { rootId: string; instanceId: string }) => Promise<unknown>
> = {
  CreateSnapshot: (run, { rootId }) => run.call('CreateSnapshot', { VolumeId: rootId }),
  CreateSnapshots: (run, { instanceId }) =>
    run.call('CreateSnapshots', { InstanceSpecification: { InstanceId: instanceId } }),
  'CreateImage without reboot': (run, { instanceId }) =>
    run.call('CreateImage', { InstanceId: instanceId, Name: 'late', NoReboot: true }),
};

test.each(Object.entries(acts))(
  '%s that cannot have its instant in time is refused, and nothing is taken later',
  async (_, act) => {
    const { world, run, ...ids } = await scene('lane is taken');
    const before = (await world.metadata.read((tx) => tx.list('snapshot'))).length;
    const growth = hold(world.volumes, 'grow');
    outputOf<object>(await run.call('ModifyVolume', { VolumeId: ids.rootId, Size: 9 }));
    expect(await act(run, ids)).toEqual(late);
    growth.release();
    await run.rest();
    await checkWorld(world);
    expect(await world.metadata.read((tx) => tx.list('snapshot'))).toHaveLength(before);
    expect(await imagesOfUser(world)).toEqual([]);
    outputOf(await run.call('CreateSnapshot', { VolumeId: ids.rootId }));
  },
);

test.each(Object.entries(acts))(
  '%s whose instant comes just after its refusal is undone, and its view ended',
  async (_, act) => {
    const { world, run, ...ids } = await scene('freeze is late');
    const before = (await world.metadata.read((tx) => tx.list('snapshot'))).length;
    const freezes = hold(world.volumes, 'freeze');
    expect(await act(run, ids)).toEqual(late);
    freezes.release();
    await run.rest();
    await checkWorld(world);
    expect(await world.metadata.read((tx) => tx.list('snapshot'))).toHaveLength(before);
    expect(await imagesOfUser(world)).toEqual([]);
  },
);
