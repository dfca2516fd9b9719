import type { VolumeId } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';

/** The id of the device that shows a volume to the guest. */
export const diskDeviceId = (volumeId: VolumeId): string => `d-${volumeId}`;

/** The volume id without its dash, as EC2's NVMe devices have it: 20 bytes, the most that virtio-blk takes. */
const diskSerial = (volumeId: VolumeId): string => volumeId.replace('-', '');

/**
 * Arguments of `-device` and `device_add` for a volume's disk. It is virtio-blk and not NVMe, because a guest sees
 * a virtio-blk disk grow and releases it by ACPI. A full file system pauses the guest until there is room; every
 * other fault is reported to the guest.
 */
export function volumeDevice(volumeId: VolumeId, bootIndex?: number): JsonObject {
  return {
    ...blockDevice(diskDeviceId(volumeId), volumeId, diskSerial(volumeId)),
    ...(bootIndex === undefined ? {} : { bootindex: bootIndex }),
  };
}

/** The serial is EC2's device name without `/dev/`; udev in the guest makes the link from it. */
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
