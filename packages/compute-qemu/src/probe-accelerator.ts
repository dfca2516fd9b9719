import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { secondMs, writeFileDurably } from '@bakehouse/base';
import { isJsonObject } from '@bakehouse/qmp';
import type { Accelerator } from './accelerator.ts';
import { probeDisk, probeExitPort, probeExitStatus } from './probe-disk.ts';

export interface ProbeOptions {
  /** Holds `accelerator.json`, the result until the host boots again. */
  readonly directory: string;
  /** Tries again, whatever is remembered. */
  readonly fresh?: boolean;
  /** For the tiny guest; 5 s if not given. One that runs needs a tenth of a second. */
  readonly timeoutMs?: number;
}

/**
 * Finds out whether guests can run under KVM: `/dev/kvm` may be there and not work, so a tiny guest must really
 * start. Throws when QEMU is not installed. With a KVM that hangs, the first probe takes the time limit.
 */
export async function probeAccelerator(options: ProbeOptions): Promise<Accelerator> {
  const { directory, fresh = false, timeoutMs = 5 * secondMs } = options;
  const obstacle = await findObstacle();
  if (obstacle) return { accel: 'tcg', reason: obstacle };
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const path = join(directory, 'accelerator.json');
  const remembered = fresh ? undefined : await readRemembered(path, bootId);
  if (remembered) return remembered;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const result = await tryGuest('kvm', { directory, timeoutMs });
  const found: Accelerator = result.runs
    ? { accel: 'kvm', reason: 'a test guest ran under KVM' }
    : { accel: 'tcg', reason: `/dev/kvm is there, but a test guest did not run: ${result.why}` };
  await writeFileDurably(path, JSON.stringify({ bootId, ...found }));
  return found;
}

async function findObstacle(): Promise<string | undefined> {
  if (process.arch !== 'x64') return `the host is ${process.arch}, guests are x86_64`;
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing
      ? 'there is no /dev/kvm'
      : '/dev/kvm cannot be opened by this user; membership in the group kvm would allow it';
  }
}

async function readRemembered(path: string, bootId: string): Promise<Accelerator | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!isJsonObject(value) || value.bootId !== bootId) return undefined;
    const { accel, reason } = value;
    const known = (accel === 'kvm' || accel === 'tcg') && typeof reason === 'string';
    return known ? { accel, reason } : undefined;
  } catch {
    return undefined;
  }
}

export type TrialResult = { readonly runs: true } | { readonly runs: false; readonly why: string };

/** Runs the tiny guest. It boots by the firmware, enters long mode with paging, and ends QEMU. */
export async function tryGuest(
  accel: Accelerator['accel'],
  { directory, timeoutMs }: { readonly directory: string; readonly timeoutMs: number },
): Promise<TrialResult> {
  const folder = await mkdtemp(join(directory, '.probe-'));
  try {
    const disk = join(folder, 'disk');
    await writeFile(disk, probeDisk(), { mode: 0o600 });
    const argv = [...trialArgv(accel), '-blockdev', JSON.stringify(diskNode(disk))];
    await promisify(execFile)('qemu-system-x86_64', argv, {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    return { runs: false, why: 'it ended without a result' };
  } catch (error) {
    return trialResult(error, timeoutMs);
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

function trialResult(error: unknown, timeoutMs: number): TrialResult {
  if (!(error instanceof Error)) throw error;
  if ('code' in error && error.code === 'ENOENT') {
    throw new Error('qemu-system-x86_64 is not installed (Debian: apt install qemu-system-x86)', {
      cause: error,
    });
  }
  if ('code' in error && error.code === probeExitStatus) return { runs: true };
  if ('killed' in error && error.killed) {
    return { runs: false, why: `it did not get to its end within ${timeoutMs} ms` };
  }
  const said = 'stderr' in error ? `${error.stderr}`.trim().slice(-500) : '';
  return { runs: false, why: said || error.message };
}
