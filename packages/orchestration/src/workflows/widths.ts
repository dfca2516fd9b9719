import { GiB } from '@bakehouse/base';
import type { Widths } from '@bakehouse/workflow-engine';

/**
 * What steps share of the host. `disk`: making a disk (a qemu-img). `boot`: starting a machine. `capture`: reading a
 * disk into the block store. `template`: booting a guest whose memory is kept. `fork`: copying memory and disks of a guest that runs. What ends or releases takes no share, so
 * that it never waits for what begins.
 */
export const hostResources = ['disk', 'boot', 'capture', 'template', 'fork'] as const;
export type HostResource = (typeof hostResources)[number];

export interface HostSize {
  readonly cores: number;
  readonly memoryBytes: number;
}

const between = (low: number, value: number, high: number) =>
  Math.min(high, Math.max(low, Math.floor(value)));

/**
 * How many steps may use each at once. A disk is made by a short process that waits for the file system; a starting
 * machine keeps a core busy and touches its memory; a capture hashes and compresses in the block server. A template's guest
 * keeps a core busy for its whole boot, and nobody waits for it. A fork keeps the disk busy for seconds to minutes.
 */
export function widthsFor({ cores, memoryBytes }: HostSize): Record<HostResource, number> & Widths {
  return {
    disk: between(4, cores * 2, 32),
    boot: between(2, Math.min(cores, memoryBytes / GiB), 32),
    capture: between(4, cores * 2, 32),
    template: between(1, cores / 4, 4),
    fork: between(1, cores / 2, 4),
  };
}
