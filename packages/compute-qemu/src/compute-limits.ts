import { MiB, secondMs } from '@bakehouse/base';

export interface ComputeLimits {
  /** From the start of QEMU to its first answer. */
  readonly startMs: number;
  /** For one QMP command. A machine that takes longer is unresponsive. */
  readonly commandMs: number;
  /** For a look at a machine's state. After this, the last known state is reported. */
  readonly statusMs: number;
  /** For QEMU to quit in order, which stores dirty bitmaps, before it is killed. */
  readonly quitMs: number;
  /** For a killed process to end. */
  readonly goneMs: number;
  /** For the guest to release a disk or a network card, when not forced and when forced. */
  readonly unplugMs: number;
  readonly forcedUnplugMs: number;
  /** Between two requests to the guest to release it. */
  readonly unplugRetryMs: number;
  /** Between two presses of the power button in a reboot, as the guest may not listen yet. */
  readonly powerButtonMs: number;
  /** Between two looks whether a rebooting guest has shut down. */
  readonly rebootPollMs: number;
  /** Between two looks whether a machine that was paused by a full disk can resume. */
  readonly spaceProbeMs: number;
  /** Free bytes that the file system needs before such a machine resumes. */
  readonly spaceNeededBytes: number;
  /** Between two looks at the size of a serial log. */
  readonly superviseMs: number;
  /** A longer serial log is cut to its last 64 KiB. */
  readonly serialBytesMax: number;
  /** Memory of the host that no machine may take. */
  readonly memoryReserveBytes: number;
}

export const computeLimitsDefault: ComputeLimits = {
  startMs: 60 * secondMs,
  commandMs: 10 * secondMs,
  statusMs: 1 * secondMs,
  quitMs: 3 * secondMs,
  goneMs: 30 * secondMs,
  unplugMs: 60 * secondMs,
  forcedUnplugMs: 5 * secondMs,
  unplugRetryMs: 5 * secondMs,
  powerButtonMs: 10 * secondMs,
  rebootPollMs: 200,
  spaceProbeMs: 5 * secondMs,
  spaceNeededBytes: 64 * MiB,
  superviseMs: 5 * secondMs,
  serialBytesMax: 4 * MiB,
  memoryReserveBytes: 512 * MiB,
};
