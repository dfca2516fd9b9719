import type { MachineNic, NetworkInterfaceId, NetworkPort } from '@bakehouse/domain';
import type { JsonObject } from '@bakehouse/qmp';

/** A card of a machine as QEMU has it: the device that the guest sees, and what carries its packets. */
interface CardIds {
  readonly device: string;
  readonly backend: string;
}

/** Every machine's first card has these ids, whichever interface it is. */
export const firstCard: CardIds = { device: 'eth0', backend: 'nic' };

/** The card that a fork's memory is of: it has the first card's slot and backend until the fork gets a card of its own. */
export const forkedCard: CardIds = { ...firstCard, device: 'eth0-before' };

/** The slot of the first card. */
export const firstCardPlace = { addr: '0x2' } as const;

/** A further card. */
export const furtherCard = (nicId: NetworkInterfaceId): CardIds => ({
  device: `n-${nicId}`,
  backend: `b-${nicId}`,
});

/**
 * Arguments of `-netdev` and `netdev_add`. A port is `NAMESPACE/DEVICE`: a tap device, in the machine's own namespace.
 */
export function cardBackend({ backend }: CardIds, port: NetworkPort): JsonObject {
  const ifname = port.slice(port.lastIndexOf('/') + 1);
  return { type: 'tap', id: backend, ifname, script: 'no', downscript: 'no' };
}

/** Arguments of `-device` and `device_add`. There is no boot from the network. */
export function cardDevice({ device, backend }: CardIds, { macAddress }: MachineNic): JsonObject {
  return {
    driver: 'virtio-net-pci',
    id: device,
    netdev: backend,
    mac: macAddress,
    romfile: '',
    'disable-legacy': 'on',
  };
}
