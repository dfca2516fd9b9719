import { invariant } from '@bakehouse/base';
import {
  apiError,
  checkState,
  type FastLaunch,
  type GuestTemplate,
  type Image,
  type MetadataReader,
} from '@bakehouse/domain';
import { makeFastLaunchWorkflow, type OperationContext } from '@bakehouse/orchestration';
import { writeWithRoom } from '../../capacity/disk-room.ts';
import { launchType, refuseUnrunnable } from '../../launch/launch-type.ts';
import { findTemplate, findTemplateVersion } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { fastLaunchView } from '../../views/fast-launch.ts';
import { checkResourceType } from './fast-launch-request.ts';
import { ownImage } from './own-image.ts';

type Request = Parameters<Operation<'EnableFastLaunch'>>[1];

/** EC2's least value of MaxParallelLaunches, which is also its default. */
const parallelLaunchesMin = 6;
const resourcesDefault = 5;
/** Of a request without a launch template, or with one that names no type. */
const templateType = 't3.micro';

function countOf(parameter: string, value: number, min: number): number {
  if (value >= min) return value;
  throw apiError('InvalidParameterValue', { parameter, value, hint: `It must be at least ${min}` });
}

/** The launch template that the request names, and its instance type. */
async function readLaunchTemplate(
  reader: MetadataReader,
  context: OperationContext,
  { LaunchTemplate: named }: Request,
): Promise<Pick<FastLaunch, 'launchTemplate'> & { readonly instanceType: string }> {
  if (!named) return { instanceType: templateType };
  const { id, name } = await findTemplate(reader, context, named);
  const { version, data } = await findTemplateVersion(reader, context, named);
  const { InstanceType: type } = data;
  return {
    instanceType: typeof type === 'string' ? type : templateType,
    launchTemplate: { id, name, version: `${version}` },
  };
}

/** The snapshot of the image's only device. */
async function rootOf(reader: MetadataReader, image: Image) {
  const [device, ...others] = image.blockDevices;
  const { ebs } = device ?? {};
  if (!device || !ebs?.snapshotId || others.length > 0) {
    throw apiError('InvalidRequest', {
      message: `Fast launch needs an image with a root volume and no other device, and ${image.id} has ${image.blockDevices.length} devices; register it without the others`,
    });
  }
  const snapshot = await reader.get('snapshot', ebs.snapshotId);
  invariant(snapshot, `the snapshot of ${image.id} has a record`);
  return { deviceName: device.deviceName, sizeGiB: ebs.sizeGiB, originMapId: snapshot.mapId };
}

async function planTemplate(
  reader: MetadataReader,
  { ids, settings }: OperationContext,
  { image, instanceType }: { readonly image: Image; readonly instanceType: string },
): Promise<GuestTemplate> {
  refuseUnrunnable(image, launchType(instanceType, image), settings);
  return {
    instanceId: ids.resource('i'),
    volumeId: ids.resource('vol'),
    snapshotId: ids.resource('snap'),
    mapId: ids.resource('map'),
    instanceType,
    architecture: image.architecture,
    ...(await rootOf(reader, image)),
  };
}

async function planned(
  reader: MetadataReader,
  context: OperationContext,
  { image, request }: { readonly image: Image; readonly request: Request },
): Promise<FastLaunch> {
  const { instanceType, launchTemplate } = await readLaunchTemplate(reader, context, request);
  const { MaxParallelLaunches: parallel = parallelLaunchesMin } = request;
  const { TargetResourceCount: resources = resourcesDefault } = request.SnapshotConfiguration ?? {};
  return {
    id: image.id,
    ownerId: context.accountId,
    region: context.region,
    hostId: context.settings.hostId,
    state: 'enabling',
    stateReason: 'Client.UserInitiated',
    stateSince: context.now,
    ...(launchTemplate ? { launchTemplate } : {}),
    maxParallelLaunches: countOf('MaxParallelLaunches', parallel, parallelLaunchesMin),
    targetResourceCount: countOf('TargetResourceCount', resources, 1),
    template: await planTemplate(reader, context, { image, instanceType }),
  };
}

/** Asks for a template of the image; the record says `enabled` when launches go on from it. */
export const enableFastLaunch: Operation<'EnableFastLaunch'> = async (context, request) => {
  checkResourceType(request.ResourceType);
  return await writeWithRoom(context, async (tx, claimRoom) => {
    const image = await ownImage(tx, context, request.ImageId);
    checkState('image', image, 'RunInstances');
    const record = await planned(tx, context, { image, request });
    const before = await tx.get('fastLaunch', image.id);
    if (before && before.state !== 'enabling-failed') {
      throw apiError('IncorrectState', {
        message: `Fast launch of '${image.id}' is '${before.state}'; disable it first, and wait until it is disabled`,
      });
    }
    claimRoom();
    await tx.put('fastLaunch', record);
    await makeFastLaunchWorkflow.enqueue(tx, { imageId: image.id });
    return fastLaunchView(record);
  });
};
