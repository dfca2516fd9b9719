import type { ExitReason } from '@bakehouse/domain';

/** How a machine ended, as far as its folder and its last events show. */
export interface ExitFacts {
  /** Its owner had asked for the end. */
  readonly killed: boolean;
  /** The kernel killed it, as it had reached its limit of memory. */
  readonly outOfMemory: boolean;
  /** The reason in QEMU's `SHUTDOWN` event, when the event was received. */
  readonly shutdown?: string;
  /** QEMU's trace of shutdown requests, for when nobody received the event. */
  readonly shutdownLog: string;
  /** The end of QEMU's error log. */
  readonly complaint: string;
}

/** `ShutdownCause` of "qapi/run-state.json", as numbered in the trace. */
const causes = [
  'none',
  'host-error',
  'host-qmp-quit',
  'host-qmp-system-reset',
  'host-signal',
  'host-ui',
  'guest-shutdown',
  'guest-reset',
  'guest-panic',
];

const crashMessages: Readonly<Record<string, string>> = {
  'host-error': 'QEMU met an error on the host',
  'host-qmp-quit': 'another monitor made QEMU quit',
  'host-signal': 'QEMU was ended by a signal',
  'guest-panic': 'the guest panicked',
};

const outOfMemory =
  'the kernel killed QEMU, as it had more memory than its guest and a bounded overhead may take';

export function exitReason(facts: ExitFacts): { reason: ExitReason; detail?: string } {
  const cause = facts.shutdown ?? lastCause(facts.shutdownLog);
  // A guest that powered itself off did so, even when it was about to be killed.
  if (cause === 'guest-shutdown') return { reason: 'guest-shutdown' };
  if (facts.killed) return { reason: 'killed' };
  if (facts.outOfMemory) return { reason: 'crashed', detail: outOfMemory };
  const what = crashMessages[cause ?? ''] ?? 'QEMU ended by itself';
  const complaint = facts.complaint.trim();
  return { reason: 'crashed', detail: complaint ? `${what}; it wrote: ${complaint}` : what };
}

/** `qemu_system_shutdown_request reason=6`, one line each. The last one counts. */
function lastCause(log: string): string | undefined {
  const numbers = [...log.matchAll(/qemu_system_shutdown_request reason=(\d+)/g)];
  const last = numbers.at(-1)?.[1];
  return last === undefined ? undefined : causes[Number(last)];
}
