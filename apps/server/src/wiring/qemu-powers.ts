import type { Clock, Logger } from '@bakehouse/base';
import { createQemuCompute, disksSocketPath, probeAccelerator } from '@bakehouse/compute-qemu';
import type { Powers } from '@bakehouse/control';
import { createImageBuilder } from '@bakehouse/imagebuilder';
import { createLinuxNetwork } from '@bakehouse/network';
import { createQemuVolumes } from '@bakehouse/volumes';
import type { Config } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { blockServerPaths, ensureBlockServer } from './block-server.ts';
import { ensureMetadataAgent, openMetadataPublisher } from './metadata-agent.ts';

export interface WiredPowers {
  readonly powers: Powers;
  /** For healthz: how guests run and why so. */
  readonly accelerator: { readonly accel: string; readonly reason: string };
  /** Brings back helper processes that have died; to be called now and then. */
  supervise(): Promise<void>;
}

/** The real world: QEMU, namespaces, the block server and the metadata agent. */
export async function qemuPowers(
  config: Config,
  data: DataDirectory,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<WiredPowers> {
  const snapshots = await ensureBlockServer(data, { clock, logger });
  const accelerator = await probeAccelerator({ directory: data.runtime });
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
    runtimeDirectory: data.runtime,
    exporterSocketPath: blockServerPaths(data).nbdSocket,
    instanceSockets: (instanceId) => disksSocketPath(data.instances, instanceId),
    clock,
    logger,
  });
  const compute = createQemuCompute({
    directory: data.instances,
    volumeDisks: (volumeId) => volumes.blockdevChain({ volumeId }),
    enter: network.enter(),
    accelerator: accelerator.accel,
    clock,
    logger,
  });
  await network.open();
  const publisher = await openMetadataPublisher(data);
  await ensureMetadataAgent(data, { network, clock, logger });
  const builder = createImageBuilder({ directory: data.builds, logger });
  return {
    powers: { compute, network, publisher, snapshots, volumes, builder },
    accelerator,
    async supervise() {
      await ensureBlockServer(data, { clock, logger });
      await ensureMetadataAgent(data, { network, clock, logger });
    },
  };
}
