import { MiB, secondMs } from '@bakehouse/base';

export interface ComputeLimits {
  /** From the start of QEMU to its answer. */
  readonly startMs: number;
  /** For an answer of QEMU; a machine that takes longer is unresponsive. */
  readonly commandMs: number;
  /** For an orderly end of QEMU (it stores dirty bitmaps) before it is killed. */
  readonly quitMs: number;
  /** For a killed process to be gone. */
  readonly goneMs: number;
  /** For the guest to let go of a disk, when not forced and when forced. */
  readonly unplugMs: number;
  readonly forcedUnplugMs: number;
  /** Between two requests to the guest to let go of a disk. */
  readonly unplugRetryMs: number;
  /** Between two presses of the power button of a guest that is to reboot; it may not listen yet. */
  readonly powerButtonMs: number;
  /** Between two looks whether such a guest is down. */
  readonly rebootPollMs: number;
  /** Between two looks whether a machine that a full disk stopped can go on. */
  readonly spaceProbeMs: number;
  /** Free bytes on the file system before such a machine goes on. */
  readonly spaceNeededBytes: number;
  /** Between two looks at a machine that does not answer, and at the size of serial logs. */
  readonly superviseMs: number;
  /** A serial log longer than this is cut to its last 64 KiB. */
  readonly serialBytesMax: number;
  /** Memory of the host that no machine may take. */
  readonly memoryReserveBytes: number;
}

export const computeLimitsDefault: ComputeLimits = {
  startMs: 60 * secondMs,
  commandMs: 10 * secondMs,
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
