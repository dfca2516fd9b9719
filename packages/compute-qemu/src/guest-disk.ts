import type { VolumeId } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';

/** The id of the device that shows a volume to the guest. */
export const diskDeviceId = (volumeId: VolumeId): string => `d-${volumeId}`;

/** As EC2's NVMe devices have it: the volume id without its dash; 20 bytes, all that virtio-blk has room for. */
const diskSerial = (volumeId: VolumeId): string => volumeId.replace('-', '');

/**
 * Arguments of `-device` and of `device_add` for a volume's disk. virtio-blk, not NVMe: a guest sees it grow,
 * and lets go of it by ACPI. A full disk under it stops the guest until there is room; any other fault is
 * the guest's to see.
 */
export function volumeDevice(volumeId: VolumeId, bootIndex?: number): JsonObject {
  return {
    ...blockDevice(diskDeviceId(volumeId), volumeId, diskSerial(volumeId)),
    ...(bootIndex === undefined ? {} : { bootindex: bootIndex }),
  };
}

/** The serial is the device's name as EC2 tells it, without `/dev/`: udev makes the link from it. */
export function ephemeralDevice(index: number, deviceName: string): JsonObject {
  const serial = deviceName.replace(/^\/dev\//, '').slice(0, 20);
  return blockDevice(`d-ephemeral-${index}`, ephemeralNode(index), serial);
}

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
