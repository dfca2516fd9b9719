import { minuteMs, secondMs } from '@bakehouse/base';

export interface VolumeLimits {
  /** For one QMP command. A transaction waits for the guest's requests in flight. */
  readonly qmpTimeoutMs: number;
  /** For one run of qemu-img, or the start of a storage daemon. */
  readonly toolTimeoutMs: number;
  /** For QEMU to reach a requested state: a job ended, an export removed, a daemon ended. */
  readonly settleTimeoutMs: number;
  /** For a machine to respond to the sweep at a start, before which nobody is served. */
  readonly sweepTimeoutMs: number;
  /** How often a state is looked at when no event says that it changed. */
  readonly pollMs: number;
  readonly hydratePollMs: number;
  /** How long a guest's request waits for a block server that does not respond. */
  readonly reconnectSeconds: number;
  /** How long opening a disk waits for the block server. */
  readonly openSeconds: number;
  /** Bytes per second of hydration; 0 is unlimited. */
  readonly hydrateBytesPerSecond: number;
}

export const defaultVolumeLimits: VolumeLimits = {
  qmpTimeoutMs: 30 * secondMs,
  toolTimeoutMs: 5 * minuteMs,
  settleTimeoutMs: 30 * secondMs,
  sweepTimeoutMs: 5 * secondMs,
  pollMs: 20,
  hydratePollMs: 500,
  reconnectSeconds: 3600,
  openSeconds: 30,
  hydrateBytesPerSecond: 0,
};
