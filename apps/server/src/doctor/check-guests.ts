import { heldMachines } from '@bakehouse/compute-qemu';
import type { Check } from './check.ts';

/** One line for each guest that is paused so that the platform has room. Needs no server. */
export async function checkGuests(instancesDirectory: string): Promise<readonly Check[]> {
  const held = await heldMachines(instancesDirectory);
  const common = { area: 'machine', name: 'guests' } as const;
  if (held.size === 0) {
    return [{ ...common, status: 'ok', detail: 'none is paused for lack of room' }];
  }
  return [...held].map(([instanceId, reason]) => ({
    ...common,
    status: 'warn',
    detail: `${instanceId} is paused: ${reason}`,
    remedy: 'bakehouse usage shows what takes space, bakehouse prune frees it',
  }));
}
