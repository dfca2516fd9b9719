import { mkdir } from 'node:fs/promises';
import { type Clock, type Logger, MiB } from '@bakehouse/base';
import { createQemuCompute, probeAccelerator } from '@bakehouse/compute-qemu';
import type { Powers } from '@bakehouse/control';
import { createImageBuilder } from '@bakehouse/imagebuilder';
import type { Config } from '../config.ts';
import type { DataDirectory } from '../data-directory.ts';
import { findLeftovers, type MendableLeftover, sweepRequest } from '../doctor/find-leftovers.ts';
import type { KnownRecords } from '../doctor/known-records.ts';
import { ensureBlockServer } from './block-server.ts';
import { hostRoom } from './host-room.ts';
import { ensureMetadataAgent, openMetadataPublisher } from './metadata-agent.ts';
import { qemuAdapters } from './qemu-adapters.ts';

/** With less than this free, stopped guests do not go on and nothing new is begun. */
const spaceNeededBytes = 64 * MiB;

export interface WiredPowers {
  readonly powers: Powers;
  /** For healthz: how guests run and why so. */
  readonly accelerator: { readonly accel: string; readonly reason: string };
  /** Brings back helpers that have died and filters that were flushed; to be called now and then. */
  supervise(): Promise<void>;
  /** What is there without a record that names it. */
  leftovers(readKnown: () => Promise<KnownRecords>): Promise<readonly MendableLeftover[]>;
  /** Removes what interrupted work left at disks; only before any work begins. */
  sweep(known: KnownRecords): Promise<void>;
}

/** The real world: QEMU, namespaces, the block server and the metadata agent. */
export async function qemuPowers(
  config: Config,
  data: DataDirectory,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<WiredPowers> {
  await mkdir(data.runtime, { recursive: true, mode: 0o700 });
  const snapshots = await ensureBlockServer(data, { clock, logger });
  const accelerator = await probeAccelerator({ directory: data.runtime });
  const { network, volumes } = qemuAdapters(config, data, { clock, logger });
  const compute = createQemuCompute({
    directory: data.instances,
    volumeDisks: (volumeId) => volumes.blockdevChain({ volumeId }),
    enter: network.enter(),
    accelerator: accelerator.accel,
    clock,
    logger,
    limits: { spaceNeededBytes },
  });
  await network.open();
  const publisher = await openMetadataPublisher(data, { clock, logger });
  await ensureMetadataAgent(data, { network, clock, logger });
  const room = hostRoom([data.root, data.blocks, data.volumes], spaceNeededBytes);
  const builder = createImageBuilder({ directory: data.builds, logger });
  return {
    powers: { compute, network, publisher, snapshots, volumes, builder, room },
    accelerator,
    async supervise() {
      const helpers = [
        ensureBlockServer(data, { clock, logger }),
        ensureMetadataAgent(data, { network, clock, logger }),
        network.mend(),
      ];
      // One that cannot be brought back must not keep the others away.
      const missing = (await Promise.allSettled(helpers)).find(
        ({ status }) => status === 'rejected',
      );
      if (missing?.status === 'rejected') throw missing.reason;
    },
    leftovers: (readKnown) =>
      findLeftovers(readKnown, { data, network, volumes, publisher, snapshots }),
    async sweep(known) {
      for (const { what, name } of await volumes.sweep(sweepRequest(known))) {
        logger.log('info', 'swept what interrupted work left', { what, name });
      }
    },
  };
}
