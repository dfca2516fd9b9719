import { MiB } from '@bakehouse/base';
import { type Capacity, InsufficientCapacityError } from '@bakehouse/domain';

/** QEMU's cache of translated guest code, without KVM. Its default is an eighth of the host's memory. */
export const translationCacheMiB = 256;

/** QEMU itself: code, block caches, the guest's screen. */
const processMiB = 96;

/** The most host memory that a machine takes. */
export function memoryClaimBytes(memoryMiB: number, accelerator: 'kvm' | 'tcg'): number {
  const cacheMiB = accelerator === 'tcg' ? translationCacheMiB : 0;
  return (memoryMiB + processMiB + cacheMiB) * MiB;
}

export interface MemoryFacts {
  /** What the kernel could still hand out. */
  readonly availableBytes: number;
  readonly reserveBytes: number;
  /** The machines that run: what each may take, and what it has taken already. */
  readonly machines: readonly { readonly claimBytes: number; readonly residentBytes: number }[];
}

/** How many machines of `claimBytes` each fit, at most `count`, and why not more. */
export function capacityOf(claimBytes: number, count: number, facts: MemoryFacts): Capacity {
  const promisedBytes = facts.machines.reduce(
    (sum, { claimBytes: claim, residentBytes }) => sum + Math.max(0, claim - residentBytes),
    0,
  );
  const freeBytes = facts.availableBytes - promisedBytes - facts.reserveBytes;
  const room = Math.max(0, Math.floor(freeBytes / claimBytes));
  if (room >= count) return { count };
  const mib = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;
  const shortage =
    `the machine needs ${mib(claimBytes)} with its overhead; ${mib(Math.max(0, freeBytes))} are free: ` +
    `${mib(facts.availableBytes)} available, less ${mib(promisedBytes)} promised to ` +
    `${facts.machines.length} running machines, less a reserve of ${mib(facts.reserveBytes)}`;
  return { count: room, shortage };
}

/** Throws InsufficientCapacityError, with the arithmetic, when `claimBytes` more do not fit. */
export function checkMemory(claimBytes: number, facts: MemoryFacts): void {
  const { shortage } = capacityOf(claimBytes, 1, facts);
  if (shortage !== undefined) throw new InsufficientCapacityError(shortage);
}
