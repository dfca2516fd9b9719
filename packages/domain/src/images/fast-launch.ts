import type { TimestampMs } from '@bakehouse/base';
import type { CpuOptions } from '../instance-types/cpu-options.ts';
import type { MetadataTransaction } from '../ports/metadata-store.ts';
import type { AccountId, HostId, ImageId } from '../records/common.ts';
import type { FastLaunch, FastLaunchState, GuestTemplate } from '../records/fast-launch.ts';
import type { BlockDeviceMapping } from '../records/image.ts';
import type { EphemeralDisk, MetadataOptions } from '../records/instance.ts';
import type { Snapshot } from '../records/snapshot.ts';

/** What a launch asks for, as far as it decides whether the instance can go on from a template. */
export interface LaunchShape {
  readonly accountId: AccountId;
  readonly hostId: HostId;
  readonly instanceType: string;
  readonly cpuOptions?: CpuOptions;
  readonly devices: readonly {
    readonly device: BlockDeviceMapping;
    readonly snapshot?: Snapshot;
  }[];
  readonly ephemeralDisks: readonly EphemeralDisk[];
  readonly interfaces: number;
  readonly httpEndpoint: MetadataOptions['httpEndpoint'];
}

/** A launch of an image with fast launch goes on from its template, or boots. */
export type FastLaunchChoice =
  | { readonly template: GuestTemplate }
  | { readonly bootedBecause: string };

type Rule = (shape: LaunchShape, record: FastLaunch) => string | undefined;

const otherRoot: Rule = ({ devices }, { template }) => {
  const [{ device, snapshot } = { device: undefined, snapshot: undefined }, ...others] = devices;
  if (others.length > 0) return `the instance has ${devices.length} devices, the template one`;
  if (device?.deviceName !== template.deviceName || snapshot?.mapId !== template.originMapId) {
    return "the root volume is not the image's";
  }
  if (device.ebs?.sizeGiB === template.sizeGiB) return undefined;
  return `the root volume has ${device.ebs?.sizeGiB} GiB, the template's ${template.sizeGiB} GiB`;
};

/** Why an instance boots; the first that applies. */
const rules: readonly Rule[] = [
  ({ accountId }, { ownerId }) =>
    accountId === ownerId ? undefined : 'the image belongs to another account',
  (_, { state }) => (state === 'enabled' ? undefined : `fast launch of the image is ${state}`),
  ({ hostId }, record) =>
    hostId === record.hostId ? undefined : `the template is on ${record.hostId}`,
  ({ instanceType }, { template }) =>
    instanceType === template.instanceType
      ? undefined
      : `the template is for ${template.instanceType}, the instance is ${instanceType}`,
  ({ cpuOptions }) => (cpuOptions ? 'the launch has CPU options of its own' : undefined),
  ({ interfaces }) =>
    interfaces === 1 ? undefined : `the instance has ${interfaces} network interfaces`,
  // A copy learns its instance id from metadata, and powers off without it.
  ({ httpEndpoint }) =>
    httpEndpoint === 'enabled' ? undefined : 'the metadata service is disabled for the instance',
  ({ ephemeralDisks }) =>
    ephemeralDisks.length === 0 ? undefined : 'the instance has instance-store disks',
  otherRoot,
];

/** Whether a launch goes on from the image's template. */
export function chooseFastLaunch(record: FastLaunch, shape: LaunchShape): FastLaunchChoice {
  for (const rule of rules) {
    const bootedBecause = rule(shape, record);
    if (bootedBecause !== undefined) return { bootedBecause };
  }
  return { template: record.template };
}

/** The record in another state. */
export const inFastLaunchState = (
  record: FastLaunch,
  state: FastLaunchState,
  { at, reason }: { readonly at: TimestampMs; readonly reason: string },
): FastLaunch => ({ ...record, state, stateReason: reason, stateSince: at });

/** Changes the record, if it still exists. */
export async function changeFastLaunch(
  tx: MetadataTransaction,
  imageId: ImageId,
  change: (record: FastLaunch) => FastLaunch,
): Promise<void> {
  const record = await tx.get('fastLaunch', imageId);
  if (record) await tx.put('fastLaunch', change(record));
}
