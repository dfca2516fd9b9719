import type { ExitReason } from '@bakehouse/domain';

/** How a machine ended, as far as its folder and its last events tell. */
export interface ExitFacts {
  /** Its owner had asked for the end. */
  readonly killed: boolean;
  /** QEMU's `SHUTDOWN` event, when it was heard. */
  readonly shutdown?: string;
  /** Its trace of shutdown requests, for when nobody listened. */
  readonly shutdownLog: string;
  /** The end of what it complained about. */
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

const lines: Readonly<Record<string, string>> = {
  'host-error': 'QEMU met an error on the host',
  'host-qmp-quit': 'QEMU was told to quit by another monitor',
  'host-signal': 'QEMU was ended by a signal',
  'guest-panic': 'the guest panicked',
};

export function exitReason(facts: ExitFacts): { reason: ExitReason; detail?: string } {
  const cause = facts.shutdown ?? lastCause(facts.shutdownLog);
  // A guest that has powered itself off did so, also when it was to be killed a moment later.
  if (cause === 'guest-shutdown') return { reason: 'guest-shutdown' };
  if (facts.killed) return { reason: 'killed' };
  const what = lines[cause ?? ''] ?? 'QEMU went away by itself';
  const complaint = facts.complaint.trim();
  return { reason: 'crashed', detail: complaint ? `${what}; it said: ${complaint}` : what };
}

/** `qemu_system_shutdown_request reason=6`, one line each; the last one counts. */
function lastCause(log: string): string | undefined {
  const numbers = [...log.matchAll(/qemu_system_shutdown_request reason=(\d+)/g)];
  const last = numbers.at(-1)?.[1];
  return last === undefined ? undefined : causes[Number(last)];
}
