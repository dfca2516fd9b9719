import type { MachineStatus } from '@bakehouse/domain';

/** `shutdown`: the guest went down. `paused`: it was stopped. Both occur only for a machine that is held. */
const halted: readonly unknown[] = ['shutdown', 'paused'];

/** What QEMU's run state means. A machine paused by a full disk (`io-error`) continues by itself. */
export function machineState(runState: unknown): MachineStatus['state'] {
  if (runState === 'running') return 'running';
  return halted.includes(runState) ? 'halted' : 'paused';
}
