import { statfs } from 'node:fs/promises';
import { freemem, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { GiB, MiB, messageOf, secondMs } from '@bakehouse/base';
import { CommandError, exists, findControlGroups, runCommand } from '@bakehouse/host';
import type { Check } from './check.ts';
import { acceleratorCheck, tunCheck } from './device-checks.ts';

const nodeMajorMin = 24;
const diskFreeMin = 4 * GiB;
const memoryFreeMin = 1 * GiB;

const gib = (bytes: number) => `${(bytes / GiB).toFixed(1)} GiB`;

export function nodeCheck(version: string): Check {
  const isNew = Number(version.split('.')[0]) >= nodeMajorMin;
  return {
    area: 'machine',
    name: 'Node',
    status: isNew ? 'ok' : 'fail',
    detail: version,
    ...(isNew ? {} : { remedy: `npm ci installs Node ${nodeMajorMin} or newer with the packages` }),
  };
}

export function memoryCheck(freeBytes: number, totalBytes: number): Check {
  const isEnough = freeBytes >= memoryFreeMin;
  return {
    area: 'machine',
    name: 'memory',
    status: isEnough ? 'ok' : 'warn',
    detail: `${gib(freeBytes)} free of ${gib(totalBytes)}`,
    ...(isEnough ? {} : { remedy: 'a t3.micro takes 1 GiB: stop something before a launch' }),
  };
}

export function diskCheck(path: string, freeBytes: number): Check {
  const isEnough = freeBytes >= diskFreeMin;
  return {
    area: 'machine',
    name: 'disk space',
    status: isEnough ? 'ok' : freeBytes < 512 * MiB ? 'fail' : 'warn',
    detail: `${gib(freeBytes)} free at ${path}`,
    ...(isEnough
      ? {}
      : { remedy: 'bakehouse usage shows what takes space, bakehouse prune frees it' }),
  };
}

async function existingParent(path: string): Promise<string> {
  let at = path;
  while (at !== '/' && !(await exists(at))) at = dirname(at);
  return at;
}

/** Devices and tables of every kind that the network makes, in a network namespace that ends with the trial. */
const networkTrial = `
ip link add bht0 type veth peer name bht1
ip tuntap add bht2 mode tap
nft -f - <<'END'
table inet trial {
  chain filter { type filter hook forward priority 0; ct state established accept; }
}
table ip trial {
  chain nat { type nat hook prerouting priority -100; dnat to 127.0.0.1; }
}
table arp trial {
  chain filter { type filter hook input priority 0; }
}
END`;

async function kernelCheck(): Promise<Check> {
  try {
    const timeoutMs = 15 * secondMs;
    await runCommand(['unshare', '--net', 'sh', '-e', '-c', networkTrial], { timeoutMs });
    const detail = `namespaces, veth, tap and nftables work (kernel ${release()})`;
    return { area: 'network', name: 'kernel', status: 'ok', detail };
  } catch (error) {
    const output = error instanceof CommandError ? error.output : '';
    return {
      area: 'network',
      name: 'kernel',
      status: 'fail',
      detail: output || messageOf(error),
      remedy: 'modprobe -a tun veth nf_tables nf_nat nf_conntrack; in a container: CAP_NET_ADMIN',
    };
  }
}

async function groupCheck(): Promise<Check> {
  const { kind, detail } = await findControlGroups();
  const isLimited = kind !== 'none';
  return {
    area: 'machine',
    name: 'control groups',
    status: isLimited ? 'ok' : 'warn',
    detail,
    ...(isLimited ? {} : { remedy: 'give the host cgroup2 with memory, cpu and pids' }),
  };
}

/** Node, memory, disk, acceleration, and the kernel's support for the network. */
export async function checkMachine(options: {
  readonly dataDirectory: string;
  readonly scratchDirectory: string;
  readonly isPrivileged: boolean;
  /** Whom the host knows this process as. */
  readonly userId: number;
}): Promise<readonly Check[]> {
  const place = await existingParent(options.dataDirectory);
  const { bavail, bsize } = await statfs(place);
  return [
    nodeCheck(process.versions.node),
    memoryCheck(freemem(), totalmem()),
    diskCheck(place, bavail * bsize),
    await acceleratorCheck(options.scratchDirectory, options.userId),
    await tunCheck(),
    ...(options.isPrivileged ? [await kernelCheck(), await groupCheck()] : []),
  ];
}
