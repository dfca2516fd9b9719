import type { Clock, Logger } from '@bakehouse/base';
import { disksSocketPath, machineFolder } from '@bakehouse/compute-qemu';
import type { InstanceId } from '@bakehouse/domain';
import { findControlGroups, type JailUsers, jailUsers } from '@bakehouse/host';
import { createLinuxNetwork, type LinuxNetwork } from '@bakehouse/network';
import { createQemuVolumes, type QemuVolumes } from '@bakehouse/volumes';
import { type Config, jailIdsOf } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { exportNames, readExportKey } from '../processes/export-names.ts';
import { blockServerPaths, blockStoreClient } from './block-server.ts';

export interface QemuAdapters {
  readonly network: LinuxNetwork;
  readonly volumes: QemuVolumes;
  readonly users: JailUsers;
}

/** Network and volumes of a platform. Nothing is opened or made before their first use. */
export function qemuAdapters(
  config: Config,
  data: DataDirectory,
  { clock, logger }: { clock: Clock; logger: Logger },
): QemuAdapters {
  const { rootless } = config;
  const ids = jailIdsOf(config);
  const users = jailUsers({
    range: config.guestUsers,
    ids,
    ...(rootless && { claims: rootless.claims }),
  });
  const machineUser = (instanceId: InstanceId) =>
    users.of(machineFolder(data.instances, instanceId));
  const network = createLinuxNetwork({
    name: data.shortName,
    directory: data.network,
    publicCidr: config.publicCidr,
    outbound: config.outbound,
    ...(rootless && { edge: { runtimeDirectory: data.runtime, logDirectory: data.logs } }),
    machineUser,
    machineIds: ids,
    logger,
    clock,
  });
  const volumes = createQemuVolumes({
    directory: data.volumes,
    hotDirectory: data.hotMaps,
    maps: blockStoreClient(data),
    runtimeDirectory: data.runtime,
    exporterSocketPath: blockServerPaths(data).guestSocket,
    exportName: async (mapId, volumeId) =>
      exportNames(await readExportKey(data.exportKey)).nameOf({
        mapId,
        ...(volumeId && { volumeId }),
      }),
    users,
    groups: once(findControlGroups),
    machineUser,
    instanceSockets: (instanceId) => disksSocketPath(data.instances, instanceId),
    clock,
    logger,
  });
  return { network, volumes, users };
}

function once<Value>(find: () => Promise<Value>): () => Promise<Value> {
  let found: Promise<Value> | undefined;
  return () => {
    found ??= find();
    return found;
  };
}
