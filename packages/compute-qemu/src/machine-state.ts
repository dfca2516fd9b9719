import type { MachineStatus } from '@bakehouse/domain';

/** `shutdown`: the guest went down. `paused`: it was stopped. */
const halted: readonly unknown[] = ['shutdown', 'paused'];

/** What QEMU's run state means. A machine paused by a full disk (`io-error`) continues by itself. */
export function machineState(
  runState: unknown,
  { isHeld }: { readonly isHeld: boolean },
): MachineStatus['state'] {
  if (runState === 'running') return 'running';
  if (runState === 'paused' && isHeld) return 'paused';
  return halted.includes(runState) ? 'halted' : 'paused';
}
