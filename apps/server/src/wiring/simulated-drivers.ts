import { type Clock, secondMs } from '@bakehouse/base';
import type { HostId, MetadataStore } from '@bakehouse/domain';
import { restoredMachines, restoredMaps, simulatedDrivers } from '@bakehouse/fakes';
import type { WiredDrivers } from './qemu-drivers.ts';

/** So that a bake has progress to look at, and can be cancelled. */
const bakeStageMs = 2 * secondMs;

/**
 * Instances are records that move through their states at once, without a guest, and disks have no bytes. The
 * machines of running instances outlive the server, as real ones do, and so do the maps of what is being captured.
 */
export async function wireSimulatedDrivers({
  clock,
  metadata,
  hostId,
}: {
  readonly clock: Clock;
  readonly metadata: MetadataStore;
  readonly hostId: HostId;
}): Promise<WiredDrivers> {
  const restored = await metadata.read(async (reader) => ({
    machines: await restoredMachines(reader, hostId),
    maps: await restoredMaps(reader),
  }));
  const drivers = simulatedDrivers({
    clock,
    ...restored,
    builder: { takeTime: (signal) => clock.sleep(bakeStageMs, signal) },
  });
  return {
    drivers,
    accelerator: { accel: 'simulated', reason: 'chosen by --compute simulated' },
    open: () => drivers.network.open(),
    async supervise() {},
    leftovers: async () => [],
    async sweep() {},
    async close() {},
  };
}
