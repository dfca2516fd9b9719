import type { MachineDisk, VolumeId } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';
import { deviceIndex } from './device-index.ts';

/** The id of the device that shows a volume to the guest. */
export const diskDeviceId = (volumeId: VolumeId): string => `d-${volumeId}`;

/** The volume id without its dash, as EC2's NVMe devices have it: 20 bytes, the most that virtio-blk takes. */
const diskSerial = (volumeId: VolumeId): string => volumeId.replace('-', '');

/**
 * Arguments of `-device` and `device_add` for a volume's disk. It is virtio-blk and not NVMe, because a guest sees
 * a virtio-blk disk grow and releases it by ACPI. A full file system pauses the guest until there is room; every
 * other fault is reported to the guest. `taken`: numbers of device names that other disks of the machine show.
 * QEMU refuses a second device with one of them.
 */
export function volumeDevice(
  { volumeId, deviceName, bootIndex }: MachineDisk,
  taken?: ReadonlySet<number>,
): JsonObject {
  return {
    ...blockDevice(diskDeviceId(volumeId), volumeId, diskSerial(volumeId)),
    ...(bootIndex === undefined ? {} : { bootindex: bootIndex }),
    ...deviceNameProperty(deviceName, taken),
  };
}

/**
 * The serial is EC2's device name without `/dev/`. The guest cannot ask for zeroes: in a raw file, one such request takes
 * 2 GiB of the host's disk at once. It writes them instead, and QEMU makes holes of them.
 */
export function ephemeralDevice(index: number, deviceName: string): JsonObject {
  const serial = deviceName.replace(/^\/dev\//, '').slice(0, 20);
  return {
    ...blockDevice(`d-ephemeral-${index}`, ephemeralNode(index), serial),
    'write-zeroes': false,
    ...deviceNameProperty(deviceName),
  };
}

/** How the guest learns the device name: udev makes the links `/dev/sdf` and `/dev/xvdf` from it. */
function deviceNameProperty(deviceName: string, taken?: ReadonlySet<number>): JsonObject {
  const index = deviceIndex(deviceName);
  return index === undefined || taken?.has(index) ? {} : { [deviceNameKey]: index };
}

/** The property of a device that has its name as a number, see `deviceIndex`. */
export const deviceNameKey = 'acpi-index';

export const ephemeralNode = (index: number): string => `ephemeral-${index}`;

function blockDevice(id: string, node: string, serial: string): JsonObject {
  return {
    driver: 'virtio-blk-pci',
    id,
    drive: node,
    serial,
    'disable-legacy': 'on',
    'write-cache': 'on',
    werror: 'enospc',
    rerror: 'report',
  };
}
