import type { MachineStatus } from '@bakehouse/domain';

/** `shutdown` when the guest went down, `paused` when it was stopped; both only where a machine is held. */
const halted: readonly unknown[] = ['shutdown', 'paused'];

/** What QEMU's run state means. One that stands for want of room on a disk (`io-error`) goes on by itself. */
export function machineState(runState: unknown): MachineStatus['state'] {
  if (runState === 'running') return 'running';
  return halted.includes(runState) ? 'halted' : 'paused';
}
