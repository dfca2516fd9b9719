import { join } from 'node:path';

/** What a group of processes may have. */
export interface GroupLimits {
  /** None of it in swap, which would be memory beyond the limit. */
  readonly memoryBytes: number;
  readonly threadsMax: number;
  /** Share of processors and disks under contention: 1 to 10000, where 100 is a group without a setting. */
  readonly weight: number;
}

export interface GroupSetting {
  readonly path: string;
  readonly value: string;
  /** Kernels have it only with certain schedulers, or when they count swap. */
  readonly optional?: boolean;
}

/** Without these a host has no control groups worth the name. Both versions have them. */
export const requiredControllers = ['memory', 'cpu', 'pids'] as const;

/** One folder, cgroup v2: "Control Group v2" of the kernel's documentation. */
export function settingsOfOne(folder: string, limits: GroupLimits): readonly GroupSetting[] {
  const { memoryBytes, threadsMax, weight } = limits;
  const file = (name: string, value: string, optional = false) => ({
    path: join(folder, name),
    value,
    optional,
  });
  return [
    file('memory.max', `${memoryBytes}`),
    file('memory.swap.max', '0', true),
    file('pids.max', `${threadsMax}`),
    file('cpu.weight', `${weight}`),
    file('io.weight', `default ${weight}`, true),
    file('io.bfq.weight', `${bfqWeight(weight)}`, true),
  ];
}

/** A folder in the hierarchy of each controller, cgroup v1. */
export function settingsOfV1(
  root: string,
  name: string,
  { memoryBytes, threadsMax, weight }: GroupLimits,
): readonly GroupSetting[] {
  const memory = (file: string, value: string, optional = false) => ({
    path: join(root, 'memory', name, file),
    value,
    optional,
  });
  // Memory with swap: never below memory alone, so it is lifted before that is set.
  const withSwap = 'memory.memsw.limit_in_bytes';
  return [
    memory(withSwap, '-1', true),
    memory('memory.limit_in_bytes', `${memoryBytes}`),
    memory(withSwap, `${memoryBytes}`, true),
    { path: join(root, 'pids', name, 'pids.max'), value: `${threadsMax}` },
    { path: join(root, 'cpu', name, 'cpu.shares'), value: `${Math.round((weight * 1024) / 100)}` },
    ...['blkio.weight', 'blkio.bfq.weight'].map((file) => ({
      path: join(root, 'blkio', name, file),
      value: `${bfqWeight(weight)}`,
      optional: true,
    })),
  ];
}

/** BFQ and the old blkio controller know weights up to 1000. */
const bfqWeight = (weight: number) => Math.min(1000, weight);

/** The prefix that puts itself into groups and then becomes what follows. It fails when it may not. */
export function enterGroups(folders: readonly string[]): readonly string[] {
  const script =
    'until [ "$1" = -- ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"';
  return ['sh', '-c', script, 'enter-groups', ...folders, '--'];
}

/** How systemd of the host, or the one of a user, is asked. */
export interface SystemdManager {
  readonly enter: readonly string[];
  readonly flags: readonly string[];
  /** Where it keeps the properties of units that were set at run time, a folder for each. */
  readonly control: string;
}

export const hostManager: SystemdManager = {
  enter: [],
  flags: [],
  control: '/run/systemd/system.control',
};

/** A user's own systemd is found by the folder of its sockets, for example `/run/user/1000`. */
export const userManager = (runtimeFolder: string): SystemdManager => ({
  enter: ['env', `XDG_RUNTIME_DIR=${runtimeFolder}`],
  flags: ['--user'],
  control: join(runtimeFolder, 'systemd/user.control'),
});

/**
 * The slice that a scope has for itself, with the limits. It outlives the scope, so the kernel's count of what it killed
 * there for lack of memory can be read when the processes have ended; systemd says so by itself only since 253. A dash
 * in the name of a slice puts it into another one: `bakehouse-7_x.slice` is in `bakehouse.slice`, as all of them are, so
 * they weigh as much together as all services of the host.
 */
export const sliceOf = (name: string): string => `${name.replaceAll(/(?<=-.*)-/g, '_')}.slice`;

/** The properties of a slice: systemd.resource-control(5). */
export const sliceProperties = ({
  memoryBytes,
  threadsMax,
  weight,
}: GroupLimits): readonly string[] => [
  `MemoryMax=${memoryBytes}`,
  'MemorySwapMax=0',
  `TasksMax=${threadsMax}`,
  `CPUWeight=${weight}`,
  `IOWeight=${weight}`,
];

/** The prefix that becomes a scope of systemd: systemd-run(1) runs what follows in its own place. */
export const scopeCommand = (
  name: string,
  { enter, flags }: SystemdManager = hostManager,
): readonly string[] => [
  ...[...enter, 'systemd-run', ...flags, '--scope', '--quiet'],
  ...[`--unit=${name}`, `--slice=${sliceOf(name)}`, '--'],
];
