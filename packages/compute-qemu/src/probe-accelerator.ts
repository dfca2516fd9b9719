import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secondMs } from '@bakehouse/base';
import {
  bootId,
  CommandError,
  isMissing,
  readTextIfExists,
  runCommand,
  writeFileDurably,
} from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import type { Accelerator } from './accelerator.ts';
import { probeDisk, probeExitPort, probeExitStatus } from './probe-disk.ts';

export interface ProbeOptions {
  /** Holds `accelerator.json`: the result, which is kept until the host boots again. */
  readonly directory: string;
  /** Probes again, whatever was kept. */
  readonly fresh?: boolean;
  /** For the tiny guest; 5 s if not given. A guest that works needs a tenth of a second. */
  readonly timeoutMs?: number;
}

/**
 * Finds out whether guests can run under KVM. `/dev/kvm` may exist and not work, so a tiny guest is really started.
 * Rejects when QEMU is not installed. If KVM hangs, the first probe takes the whole time limit.
 */
export async function probeAccelerator(options: ProbeOptions): Promise<Accelerator> {
  const { directory, fresh = false, timeoutMs = 5 * secondMs } = options;
  const obstacle = await findObstacle();
  if (obstacle) return { accel: 'tcg', reason: obstacle };
  const boot = await bootId();
  const path = join(directory, 'accelerator.json');
  const kept = fresh ? undefined : await readKept(path, boot);
  if (kept) return kept;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const result = await tryGuest('kvm', { directory, timeoutMs });
  const found: Accelerator = result.runs
    ? { accel: 'kvm', reason: 'a test guest ran under KVM' }
    : { accel: 'tcg', reason: `/dev/kvm exists, but a test guest did not run: ${result.why}` };
  await writeFileDurably(path, JSON.stringify({ bootId: boot, ...found }));
  return found;
}

async function findObstacle(): Promise<string | undefined> {
  if (process.arch !== 'x64') return `the host is ${process.arch}, guests are x86_64`;
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return isMissing(error)
      ? '/dev/kvm does not exist'
      : 'this user cannot open /dev/kvm; add the user to the group kvm';
  }
}

/** Undefined when nothing was kept, or it is of an earlier boot or damaged. */
async function readKept(path: string, boot: string): Promise<Accelerator | undefined> {
  const text = await readTextIfExists(path);
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (!isJsonObject(value) || value.bootId !== boot) return undefined;
    const { accel, reason } = value;
    const isKnown = (accel === 'kvm' || accel === 'tcg') && typeof reason === 'string';
    return isKnown ? { accel, reason } : undefined;
  } catch {
    return undefined;
  }
}

export type TrialResult = { readonly runs: true } | { readonly runs: false; readonly why: string };

/** Runs the tiny guest: the firmware boots it, it enters long mode with paging, and ends QEMU. */
export async function tryGuest(
  accel: Accelerator['accel'],
  { directory, timeoutMs }: { readonly directory: string; readonly timeoutMs: number },
): Promise<TrialResult> {
  const folder = await mkdtemp(join(directory, '.probe-'));
  try {
    const disk = join(folder, 'disk');
    await writeFile(disk, probeDisk(), { mode: 0o600 });
    const blockdev = ['-blockdev', JSON.stringify(diskNode(disk))];
    await runCommand(['qemu-system-x86_64', ...trialArgv(accel), ...blockdev], { timeoutMs });
    return { runs: false, why: 'it ended without a result' };
  } catch (error) {
    if (error instanceof CommandError) return trialResult(error);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function trialArgv(accel: Accelerator['accel']): readonly string[] {
  const exit = { driver: 'isa-debug-exit', iobase: probeExitPort, iosize: 4 };
  const disk = { driver: 'virtio-blk-pci', drive: 'disk', bootindex: 0 };
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-machine', 'pc', '-accel', accel, '-cpu', accel === 'kvm' ? 'host' : 'qemu64,-svm'],
    ...['-m', '32', '-device', JSON.stringify(exit), '-device', JSON.stringify(disk)],
  ];
}

const diskNode = (filename: string) => ({
  driver: 'raw',
  'node-name': 'disk',
  file: { driver: 'file', filename },
});

function trialResult(error: CommandError): TrialResult {
  const { failure, output } = error;
  switch (failure.kind) {
    case 'not-installed':
      throw error;
    case 'exited':
      if (failure.code === probeExitStatus) return { runs: true };
      break;
    case 'timeout':
      return { runs: false, why: `it did not end within ${failure.timeoutMs} ms` };
  }
  return { runs: false, why: output.slice(-500) || error.message };
}
