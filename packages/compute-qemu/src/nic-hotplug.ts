import { Rollback } from '@bakehouse/base';
import type { MachineNic, NetworkInterfaceId } from '@bakehouse/domain';
import { type QmpClient, QmpError } from '@bakehouse/qmp';
import { CardBusyError } from './compute-errors.ts';
import { deviceIds, guestReleases, type ReleaseOptions } from './machine-devices.ts';
import { cardBackend, cardDevice, furtherCard } from './network-card.ts';

/** Gives the machine behind `client` a further card. A card that is there already stays as it is. */
export async function plugCard(client: QmpClient, nic: MachineNic): Promise<void> {
  const ids = furtherCard(nic.nicId);
  if ((await deviceIds(client)).has(ids.device)) {
    if (await hasCarrier(client, ids.device)) return;
    throw new CardBusyError(
      `the guest still holds the card of ${nic.nicId}, which was detached by force; reboot the instance`,
    );
  }
  // An earlier try may have left it.
  await removeBackend(client, ids.backend);
  await using undo = new Rollback();
  undo.defer(() => removeBackend(client, ids.backend));
  await client.execute('netdev_add', cardBackend(ids, nic.port));
  await client.execute('device_add', cardDevice(ids, nic));
  undo.commit();
}

/** Takes a further card away. When this resolves, QEMU has closed its port. Not attached: no-op. */
export async function unplugCard(
  client: QmpClient,
  nicId: NetworkInterfaceId,
  options: ReleaseOptions & { readonly force: boolean },
): Promise<void> {
  const { device, backend } = furtherCard(nicId);
  if (!(await guestReleases(client, device, options)) && !options.force) {
    throw new CardBusyError(
      `the guest did not release ${nicId} within ${options.timeoutMs} ms; take its interface down, or detach by force`,
    );
  }
  // A card that the guest still holds loses its carrier.
  await removeBackend(client, backend);
}

/** Whether the card has something that carries its packets. */
async function hasCarrier(client: QmpClient, device: string): Promise<boolean> {
  const property = { path: `/machine/peripheral/${device}`, property: 'netdev' };
  return (await client.execute('qom-get', property)) !== '';
}

async function removeBackend(client: QmpClient, backend: string): Promise<void> {
  await client.execute('netdev_del', { id: backend }).catch((error) => {
    if (!(error instanceof QmpError) || error.class !== 'DeviceNotFound') throw error;
  });
}
