import { invariant } from '@bakehouse/base';
import {
  defaultCpuOptions,
  type FastLaunch,
  type FreezeVolume,
  findInstanceType,
  type HostId,
  type ImageId,
  type MachineSpec,
  type MetadataReader,
  type RegionName,
} from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { inputFields, inputReader } from './input.ts';

export const readFastLaunchInput = inputReader({ imageId: inputFields.imageId });
export type FastLaunchInput = ReturnType<typeof readFastLaunchInput>;

interface FastLaunchPlace {
  readonly region: RegionName;
  readonly hostId: HostId;
  readonly lanes: readonly string[];
}

/** Where work on a template belongs: to the host that keeps it. Its guest is nobody else's, so its id is the lane. */
export async function fastLaunchPlace(
  reader: MetadataReader,
  imageId: ImageId,
): Promise<FastLaunchPlace> {
  const record = await reader.get('fastLaunch', imageId);
  invariant(record, `fast launch of ${imageId} has a record when work on it begins`);
  const { region, hostId, template } = record;
  return { region, hostId, lanes: [template.instanceId] };
}

/** The record while it is in this state. */
export async function readFastLaunch(
  { metadata }: Pick<WorkflowContext, 'metadata'>,
  { imageId }: FastLaunchInput,
  state: FastLaunch['state'],
): Promise<FastLaunch | undefined> {
  const record = await metadata.read((reader) => reader.get('fastLaunch', imageId));
  return record?.state === state ? record : undefined;
}

/** The machine of a template's guest: as a launch has it, but without a network card. */
export function templateSpec({ template }: FastLaunch): MachineSpec {
  const { instanceId, instanceType, architecture, deviceName, volumeId } = template;
  const type = findInstanceType(instanceType);
  invariant(type, `instance type ${instanceType} is known`);
  return {
    instanceId,
    generation: 1,
    instanceType,
    architecture,
    cpus: defaultCpuOptions(type),
    memoryMiB: type.memoryMiB,
    disks: [{ deviceName, volumeId, bootIndex: 0 }],
    ephemeralDisks: [],
    nics: [],
  };
}

/** How the disk of a template's guest is read. */
export const templateFreeze = ({ template }: FastLaunch): FreezeVolume => ({
  volumeId: template.volumeId,
  snapshotId: template.snapshotId,
  originMapId: template.originMapId,
});

/** Ends the guest, and removes its memory and its disk. Repeatable. */
export async function removeTemplate(
  { compute, volumes }: Pick<WorkflowContext, 'compute' | 'volumes'>,
  { template }: FastLaunch,
): Promise<void> {
  await compute.kill(template.instanceId);
  await compute.forget(template.instanceId);
  await volumes.remove(template.volumeId);
}
