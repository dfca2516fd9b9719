import {
  type ActionOn,
  type ImageId,
  type InstanceId,
  type SnapshotId,
  type StatefulNoun,
  type StateOf,
  statesFor,
  stateTables,
  type VolumeId,
} from '@bakehouse/domain';
import { expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import { launched } from '../testing/launched.ts';

/** What an operation is tried on. The instance has the attached volume; the image is of the snapshot. */
interface Ids {
  readonly instance: InstanceId;
  readonly image: ImageId;
  readonly snapshot: SnapshotId;
  readonly volume: VolumeId;
  readonly attached: VolumeId;
}

type Attempt = (ids: Ids) => readonly [operation: OperationName, request: object];

/** A request for each action of the tables that is right but for the state of its subject. */
const attempts: {
  readonly [Noun in StatefulNoun]: { readonly [Action in ActionOn<Noun>]: Attempt };
} = {
  instance: {
    StartInstances: ({ instance }) => ['StartInstances', { InstanceIds: [instance] }],
    StopInstances: ({ instance }) => ['StopInstances', { InstanceIds: [instance] }],
    RebootInstances: ({ instance }) => ['RebootInstances', { InstanceIds: [instance] }],
    MonitorInstances: ({ instance }) => ['MonitorInstances', { InstanceIds: [instance] }],
    CreateImage: ({ instance }) => ['CreateImage', { InstanceId: instance, Name: 'an image' }],
    CreateSnapshots: ({ instance }) => [
      'CreateSnapshots',
      { InstanceSpecification: { InstanceId: instance } },
    ],
    GetConsoleScreenshot: ({ instance }) => ['GetConsoleScreenshot', { InstanceId: instance }],
    ModifyInstanceAttribute: ({ instance }) => [
      'ModifyInstanceAttribute',
      { InstanceId: instance, DisableApiTermination: { Value: true } },
    ],
    'ModifyInstanceAttribute at rest': ({ instance }) => [
      'ModifyInstanceAttribute',
      { InstanceId: instance, SriovNetSupport: { Value: 'simple' } },
    ],
    ModifyInstanceCpuOptions: ({ instance }) => [
      'ModifyInstanceCpuOptions',
      { InstanceId: instance, CoreCount: 1, ThreadsPerCore: 1 },
    ],
    ModifyInstanceCreditSpecification: ({ instance }) => [
      'ModifyInstanceCreditSpecification',
      { InstanceCreditSpecifications: [{ InstanceId: instance, CpuCredits: 'standard' }] },
    ],
    ModifyInstanceMetadataOptions: ({ instance }) => [
      'ModifyInstanceMetadataOptions',
      { InstanceId: instance, HttpTokens: 'required' },
    ],
  },
  image: {
    RunInstances: ({ image }) => ['RunInstances', { ImageId: image, MinCount: 1, MaxCount: 1 }],
    ModifyImageAttribute: ({ image }) => [
      'ModifyImageAttribute',
      { ImageId: image, Description: { Value: 'an image' } },
    ],
    ResetImageAttribute: ({ image }) => [
      'ResetImageAttribute',
      { ImageId: image, Attribute: 'launchPermission' },
    ],
  },
  snapshot: {
    CreateVolume: ({ snapshot }) => [
      'CreateVolume',
      { AvailabilityZone: 'us-east-1a', SnapshotId: snapshot },
    ],
  },
  volume: {
    AttachVolume: ({ instance, volume }) => [
      'AttachVolume',
      { InstanceId: instance, VolumeId: volume, Device: '/dev/sdf' },
    ],
    CreateSnapshot: ({ volume }) => ['CreateSnapshot', { VolumeId: volume }],
    DeleteVolume: ({ volume }) => ['DeleteVolume', { VolumeId: volume }],
    ModifyVolume: ({ volume }) => ['ModifyVolume', { VolumeId: volume, Size: 2 }],
  },
  attachment: {
    CreateSnapshots: ({ instance }) => [
      'CreateSnapshots',
      { InstanceSpecification: { InstanceId: instance } },
    ],
    DetachVolume: ({ attached }) => ['DetachVolume', { VolumeId: attached }],
    'DetachVolume by force': ({ attached }) => [
      'DetachVolume',
      { VolumeId: attached, Force: true },
    ],
  },
};

async function world() {
  const context = await launched();
  const { call, metadata, settle, instanceId, addImage } = context;
  const create = async () => {
    const zone = (await context.instance()).zone;
    const made = await call('CreateVolume', { AvailabilityZone: zone, Size: 1, VolumeType: 'gp2' });
    await settle();
    return (made.VolumeId ?? '') as VolumeId;
  };
  const attached = await create();
  await call('AttachVolume', { VolumeId: attached, InstanceId: instanceId, Device: '/dev/sdg' });
  const image = await addImage({ boot: { kind: 'kernel' }, enaSupport: false });
  const snapshot = image.blockDevices[0]?.ebs?.snapshotId;
  if (!snapshot) throw new Error('the image has a snapshot');
  const ids = { instance: instanceId, image: image.id, snapshot, volume: await create(), attached };
  /** Puts the subject in the state, as if it had got there. */
  const put = {
    instance: (state: StateOf<'instance'>) =>
      metadata.write(async (tx) => {
        const found = await tx.get('instance', ids.instance);
        if (found) await tx.put('instance', { ...found, state });
      }),
    image: (state: StateOf<'image'>) =>
      metadata.write(async (tx) => {
        const found = await tx.get('image', ids.image);
        if (found) await tx.put('image', { ...found, state });
      }),
    snapshot: (state: StateOf<'snapshot'>) =>
      metadata.write(async (tx) => {
        const found = await tx.get('snapshot', ids.snapshot);
        if (found) await tx.put('snapshot', { ...found, state });
      }),
    volume: (state: StateOf<'volume'>) =>
      metadata.write(async (tx) => {
        const found = await tx.get('volume', ids.volume);
        if (found) await tx.put('volume', { ...found, state });
      }),
    attachment: (state: StateOf<'attachment'>) =>
      metadata.write(async (tx) => {
        const found = await tx.get('volume', ids.attached);
        if (!found?.attachment) return;
        await tx.put('volume', { ...found, attachment: { ...found.attachment, state } });
      }),
  };
  /** The code of the refusal; undefined when there was none, for nothing is changed. */
  const refusal = async (attempt: Attempt): Promise<string | undefined> => {
    const [name, request] = attempt(ids);
    const outcome = await context.callUntyped(name, { ...request, DryRun: true }).then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );
    if (name !== 'ModifyInstanceCreditSpecification') return outcome;
    // It reports each instance in its reply, which a dry run does not show.
    const { UnsuccessfulInstanceCreditSpecifications: failed = [] } = await call(name, {
      InstanceCreditSpecifications: [{ InstanceId: ids.instance, CpuCredits: 'standard' }],
    });
    return failed.length > 0 ? failed[0]?.Error?.Code : outcome;
  };
  return { put, refusal };
}

async function tryEvery<Noun extends StatefulNoun>(
  noun: Noun,
  put: (state: StateOf<Noun>) => Promise<void>,
  refusal: (attempt: Attempt) => Promise<string | undefined>,
): Promise<void> {
  const { code, next } = stateTables[noun];
  for (const action of Object.keys(attempts[noun]) as ActionOn<Noun>[]) {
    for (const state of Object.keys(next) as StateOf<Noun>[]) {
      await put(state);
      const isAllowed = statesFor(noun, action).includes(state);
      const expected = isAllowed ? 'DryRunOperation' : code;
      expect([action, state, await refusal(attempts[noun][action])]).toEqual([
        action,
        state,
        expected,
      ]);
    }
  }
}

test('every operation on an instance is allowed in the states of the table, and in no other', async () => {
  const { put, refusal } = await world();
  await tryEvery('instance', put.instance, refusal);
});

test('every operation on an image is allowed in the states of the table, and in no other', async () => {
  const { put, refusal } = await world();
  await tryEvery('image', put.image, refusal);
});

test('every use of a snapshot is allowed in the states of the table, and in no other', async () => {
  const { put, refusal } = await world();
  await tryEvery('snapshot', put.snapshot, refusal);
});

test('every operation on a volume is allowed in the states of the table, and in no other', async () => {
  const { put, refusal } = await world();
  await tryEvery('volume', put.volume, refusal);
});

test('every operation on an attachment is allowed in the states of the table, and in no other', async () => {
  const { put, refusal } = await world();
  await tryEvery('attachment', put.attachment, refusal);
});
