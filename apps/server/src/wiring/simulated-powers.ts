import type { Clock } from '@bakehouse/base';
import type { MetadataStore } from '@bakehouse/domain';
import { simulatedPowers as makeSimulatedPowers, restoredMachines } from '@bakehouse/fakes';
import type { WiredPowers } from './qemu-powers.ts';

/**
 * Instances are records that move through their states at once, without a guest; disks have no bytes. The
 * machines of running instances outlive the server, as real ones do.
 */
export async function simulatedPowers({
  clock,
  metadata,
}: {
  readonly clock: Clock;
  readonly metadata: MetadataStore;
}): Promise<WiredPowers> {
  const machines = await metadata.read(restoredMachines);
  return {
    powers: makeSimulatedPowers({ clock, machines }),
    accelerator: { accel: 'simulated', reason: 'asked for by --compute simulated' },
    async supervise() {},
    leftovers: async () => [],
    async sweep() {},
  };
}
