import type { Clock } from '@bakehouse/base';
import { simulatedPowers as makeSimulatedPowers } from '@bakehouse/fakes';
import type { WiredPowers } from './qemu-powers.ts';

/** Instances are records that move through their states at once, without a guest; disks have no bytes. */
export function simulatedPowers({ clock }: { clock: Clock }): WiredPowers {
  return {
    powers: makeSimulatedPowers({ clock }),
    accelerator: { accel: 'simulated', reason: 'asked for by --compute simulated' },
    async supervise() {},
    leftovers: async () => [],
    async sweep() {},
  };
}
