import type { InstanceType } from '../instance-types/instance-type.ts';
import type { BlockDeviceMapping } from '../records/image.ts';
import type { EphemeralDisk } from '../records/instance.ts';

const indexOf = ({ virtualName }: EphemeralDisk) => Number(virtualName.slice('ephemeral'.length));

/**
 * The instance-store disks of a machine of the type. Disks in the mapping that the type does not have are left out,
 * as in EC2. Types with NVMe disks have all of them whatever the mapping ("Block device mapping instance store
 * volumes").
 */
export function ephemeralDisksOf(
  { instanceStore }: Pick<InstanceType, 'instanceStore'>,
  mapped: readonly EphemeralDisk[],
): readonly EphemeralDisk[] {
  const count = instanceStore?.count ?? 0;
  const there = mapped.filter((disk) => indexOf(disk) < count);
  if (!instanceStore?.nvme) return there;
  const named = new Set(there.map(indexOf));
  const others = Array.from({ length: count }, (_, index) => index).filter((i) => !named.has(i));
  return [
    ...there,
    ...others.map((index) => ({
      deviceName: `/dev/nvme${index + 1}n1`,
      virtualName: `ephemeral${index}`,
    })),
  ];
}

/** The instance-store disks of a launch's block device mapping. */
export const mappedStores = (
  devices: readonly Pick<BlockDeviceMapping, 'deviceName' | 'virtualName'>[],
): readonly EphemeralDisk[] =>
  devices.flatMap(({ deviceName, virtualName }) =>
    virtualName ? [{ deviceName, virtualName }] : [],
  );

const bytesPerGB = 1e9;

/** The disks that a machine of the type gets, with their sizes. */
export function machineStores(
  type: Pick<InstanceType, 'instanceStore'>,
  disks: readonly EphemeralDisk[],
): readonly { readonly deviceName: string; readonly sizeBytes: number }[] {
  const sizeBytes = (type.instanceStore?.sizeGB ?? 0) * bytesPerGB;
  return ephemeralDisksOf(type, disks).map(({ deviceName }) => ({ deviceName, sizeBytes }));
}
