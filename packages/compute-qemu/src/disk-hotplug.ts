import { Rollback } from '@bakehouse/base';
import type { MachineDisk, VolumeId } from '@bakehouse/domain';
import { type QemuBlockdevs, type QmpClient, QmpError } from '@bakehouse/qmp';
import { DiskBusyError } from './compute-errors.ts';
import { deviceNameKey, diskDeviceId, volumeDevice } from './guest-disk.ts';
import { type BlockNode, listBlockNodes } from './list-block-nodes.ts';
import { deviceIds, guestReleases, type ReleaseOptions } from './machine-devices.ts';

/** Attaches a volume to the machine behind `client`. Looks first, and leaves what exists as it is. */
export async function plugDisk(
  client: QmpClient,
  disk: MachineDisk,
  chain: QemuBlockdevs,
): Promise<void> {
  const { volumeId } = disk;
  const devices = await deviceIds(client);
  const hasDevice = devices.has(diskDeviceId(volumeId));
  const nodes = await listBlockNodes(client);
  const hasDeadNode = nodes.some(({ name }) => name === deadNode(volumeId));
  if (hasDevice && hasDeadNode) {
    throw new DiskBusyError(
      `the guest still holds the device of ${volumeId}, which was detached by force; reboot the instance`,
    );
  }
  if (hasDevice) return;
  if (hasDeadNode) await removeNodes(client, deadNodes(volumeId));
  await using undo = new Rollback();
  undo.defer(() => removeVolumeNodes(client, volumeId));
  const names = new Set(nodes.map(({ name }) => name));
  for (const node of chain.filter((one) => !names.has(`${one['node-name']}`))) {
    await client.execute('blockdev-add', node);
  }
  const taken = await shownNames(client, devices);
  await client.execute('device_add', volumeDevice(disk, taken));
  undo.commit();
}

/**
 * The numbers of the device names that disks show. A guest may still hold the device of a volume that was detached by
 * force; then the next disk of that name has no link, and is found by its serial number.
 */
async function shownNames(
  client: QmpClient,
  devices: ReadonlySet<string>,
): Promise<ReadonlySet<number>> {
  const disks = [...devices].filter((id) => id.startsWith('d-'));
  const indexes = await Promise.all(
    disks.map((id) =>
      client.execute('qom-get', { path: `/machine/peripheral/${id}`, property: deviceNameKey }),
    ),
  );
  return new Set(indexes.filter((index) => typeof index === 'number'));
}

export interface UnplugOptions extends ReleaseOptions {
  readonly volumeId: VolumeId;
  /** At the time limit, takes the volume away: the guest keeps a device on which every access fails. */
  readonly force: boolean;
}

/** Detaches a volume. When this resolves, QEMU has flushed and closed it. Not attached: no-op. */
export async function unplugDisk(client: QmpClient, options: UnplugOptions): Promise<void> {
  const { volumeId, force, timeoutMs } = options;
  if (!(await guestReleases(client, diskDeviceId(volumeId), options))) {
    if (!force) {
      throw new DiskBusyError(
        `the guest did not release ${volumeId} within ${timeoutMs} ms; unmount it, or detach by force`,
      );
    }
    await replaceByDeadNode(client, volumeId);
  }
  await removeVolumeNodes(client, volumeId);
}

/**
 * Puts a node on which every read and write fails in the volume's place. The guest keeps the device until it
 * obeys the request to release it, or is reset.
 */
async function replaceByDeadNode(client: QmpClient, volumeId: VolumeId): Promise<void> {
  const nodes = await listBlockNodes(client);
  const size = nodes.find(({ name }) => name === volumeId)?.sizeBytes ?? 0;
  const [dead, empty] = deadNodes(volumeId);
  const isMissing = (name: string) => !nodes.some((node) => node.name === name);
  if (isMissing(empty)) {
    await client.execute('blockdev-add', { driver: 'null-co', 'node-name': empty, size });
  }
  if (isMissing(dead)) {
    const fault = { event: 'none', errno: ioError };
    const node = { driver: 'blkdebug', 'node-name': dead, image: empty };
    await client.execute('blockdev-add', { ...node, 'inject-error': [fault] });
  }
  const drive = { path: `/machine/peripheral/${diskDeviceId(volumeId)}`, property: 'drive' };
  // QEMU 7.2 fails an assertion when it is to replace a node by itself.
  if ((await client.execute('qom-get', drive)) === dead) return;
  await client.execute('qom-set', { ...drive, value: dead });
}

/** EIO of errno(3). */
const ioError = 5;

const deadNode = (volumeId: VolumeId): string => `${volumeId}-x`;
const deadNodes = (volumeId: VolumeId): readonly [string, string] => [
  deadNode(volumeId),
  `${volumeId}-x0`,
];

/** Also removes nodes that others have put below the volume's; their names begin with its id. */
async function removeVolumeNodes(client: QmpClient, volumeId: VolumeId): Promise<void> {
  const kept = new Set(deadNodes(volumeId));
  const isOfVolume = ({ name }: BlockNode) =>
    (name === volumeId || name.startsWith(`${volumeId}-`)) && !kept.has(name);
  await removeNodes(
    client,
    (await listBlockNodes(client)).filter(isOfVolume).map(({ name }) => name),
  );
}

/** Removes nodes in whatever order their use of one another allows. */
async function removeNodes(client: QmpClient, names: readonly string[]): Promise<void> {
  let left = names;
  while (left.length > 0) {
    const refused = new Map<string, QmpError>();
    for (const name of left) {
      await client.execute('blockdev-del', { 'node-name': name }).catch((error) => {
        if (!(error instanceof QmpError)) throw error;
        refused.set(name, error);
      });
    }
    const [first] = refused.values();
    if (first && refused.size === left.length) throw first;
    left = [...refused.keys()];
  }
}
