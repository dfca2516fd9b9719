import type { Clock, Logger } from '@bakehouse/base';
import { disksSocketPath } from '@bakehouse/compute-qemu';
import { createLinuxNetwork, type LinuxNetwork } from '@bakehouse/network';
import { createQemuVolumes, type QemuVolumes } from '@bakehouse/volumes';
import type { Config } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { blockServerPaths, blockStoreClient } from './block-server.ts';

export interface QemuAdapters {
  readonly network: LinuxNetwork;
  readonly volumes: QemuVolumes;
}

/** Network and volumes of a platform. Nothing is opened or made before their first use. */
export function qemuAdapters(
  config: Config,
  data: DataDirectory,
  { clock, logger }: { clock: Clock; logger: Logger },
): QemuAdapters {
  const network = createLinuxNetwork({
    name: data.shortName,
    directory: data.network,
    publicCidr: config.publicCidr,
    outbound: config.outbound,
    logger,
    clock,
  });
  const volumes = createQemuVolumes({
    directory: data.volumes,
    hotDirectory: data.hotMaps,
    maps: blockStoreClient(data),
    runtimeDirectory: data.runtime,
    exporterSocketPath: blockServerPaths(data).nbdSocket,
    instanceSockets: (instanceId) => disksSocketPath(data.instances, instanceId),
    clock,
    logger,
  });
  return { network, volumes };
}
