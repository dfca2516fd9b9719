import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB, messageOf, secondMs, systemClock } from '@bakehouse/base';
import { exists, hasCode, readTextIfExists } from '../files.ts';
import { userRuntimeFolder } from '../program-environment.ts';
import { runCommand } from '../run-command.ts';
import { hasHostIds } from '../user-namespace/id-map.ts';
import {
  enterGroups,
  type GroupLimits,
  type GroupSetting,
  hostManager,
  requiredControllers,
  type SystemdManager,
  scopeCommand,
  settingsOfOne,
  settingsOfV1,
  sliceOf,
  sliceProperties,
  userManager,
} from './plan-control-group.ts';

/** How this host confines a group of processes: scopes of systemd, cgroup v2, the hierarchies of v1, or not at all. */
export interface ControlGroups {
  readonly kind: 'systemd' | 'v2' | 'v1' | 'none';
  /** For people: what limits there are, or why there are none and the way out. */
  readonly detail: string;
  /**
   * Makes a group, or sets the limits of the one that exists. Returns the argv prefix that runs a program in it, and
   * becomes that program by exec; empty for `none`.
   */
  make(name: string, limits: GroupLimits): Promise<readonly string[]>;
  /** Whether the kernel has killed a process of the group because the group had no memory left. */
  ranOutOfMemory(name: string): Promise<boolean>;
  /**
   * Removes a group whose processes have ended, or are about to: it waits for them, 2 s at most. One that is in use
   * then stays. Missing: no-op.
   */
  remove(name: string): Promise<void>;
}

const rootDefault = '/sys/fs/cgroup';
const timeoutMs = 10 * secondMs;
/** bubblewrap, the last process of a group, ends a moment after the program in its jail. */
const removalMs = 2 * secondMs;
const retryMs = 5;
/** A look at a scope starts two programs. */
const retryScopeMs = 20;

/** Looks at what this host has. Changes nothing but, with cgroup v2, which controllers groups below the root get. */
export async function findControlGroups(root = rootDefault): Promise<ControlGroups> {
  if (root === rootDefault && (await exists('/run/systemd/system'))) {
    return hasHostIds() ? systemdScopes(hostManager) : await scopesOfUser();
  }
  if (await exists(join(root, 'cgroup.controllers'))) return await groupsOfV2(root);
  const names: readonly string[] = await readdir(root).catch(() => []);
  const missing = requiredControllers.filter((name) => !names.includes(name));
  if (missing.length === 0) return await groupsOfV1(root);
  return noGroups(`${root} has no controller for ${missing.join(' and ')}; mount cgroup2 there`);
}

/** `waitMs`: how long a removal takes at most. */
export const systemdScopes = (
  manager: SystemdManager,
  waitMs: number = removalMs,
): ControlGroups => ({
  kind: 'systemd',
  detail: "systemd's slices: memory, processors, threads, disks",
  async make(name, limits) {
    const set = ['set-property', '--runtime', sliceOf(name), ...sliceProperties(limits)];
    await systemctl(manager, set);
    return scopeCommand(name, manager);
  },
  async ranOutOfMemory(name) {
    const argv = ['show', '--property=ControlGroup', '--value', sliceOf(name)];
    const folder = (await systemctl(manager, argv)).trim();
    // With cgroup v1 a slice does not count what happens in its scopes, and the reason stays unknown.
    return folder !== '' && (await hasOomKills(join(rootDefault, folder, 'memory.events')));
  },
  async remove(name) {
    // A scope ends a moment after its processes, and no other one can have its name until then.
    const deadline = systemClock.elapsed() + waitMs;
    const leftMs = () => deadline - systemClock.elapsed();
    while (!(await isGone(manager, name, leftMs))) {
      if (leftMs() <= 0) return;
      await systemClock.sleep(retryScopeMs);
    }
    // Only when it is sure that nothing is in it: systemd would end that.
    const slice = sliceOf(name);
    await systemctl(manager, ['stop', slice], Math.max(secondMs, leftMs())).catch(() => '');
    // What `systemctl revert` does, which also makes systemd read all units of the host again.
    await rm(join(manager.control, `${slice}.d`), { recursive: true, force: true });
  },
});

/**
 * Whether systemd knows a scope no more: one that failed is kept until it is reset. Its ActiveState does not say so, as
 * it is `inactive` for a scope that is about to go and for one that never was. False when systemd does not say.
 */
async function isGone(
  manager: SystemdManager,
  name: string,
  leftMs: () => number,
): Promise<boolean> {
  const unit = `${name}.scope`;
  const look = (argv: readonly string[]) =>
    systemctl(manager, argv, Math.max(1, leftMs())).catch(() => '');
  await look(['reset-failed', unit]);
  const state = await look(['show', '--property=LoadState', '--value', unit]);
  return state.trim() === 'not-found';
}

const systemctl = (
  { enter, flags }: SystemdManager,
  argv: readonly string[],
  limitMs: number = timeoutMs,
): Promise<string> =>
  runCommand([...enter, 'systemctl', ...flags, ...argv], { timeoutMs: limitMs });

/** Those of a user's own systemd, where it makes scopes with limits for this process. */
async function scopesOfUser(): Promise<ControlGroups> {
  const folder = userRuntimeFolder();
  if (folder === undefined) {
    return noGroups(
      "this user's own systemd is not known (XDG_RUNTIME_DIR is not set); start the server from a login session",
    );
  }
  const groups = systemdScopes(userManager(folder));
  const name = `bakehouse-trial-${process.pid}`;
  try {
    const limits = { memoryBytes: 64 * MiB, threadsMax: 8, weight: 100 };
    await runCommand([...(await groups.make(name, limits)), 'true'], { timeoutMs });
    await groups.remove(name);
    return groups;
  } catch (error) {
    await groups.remove(name).catch(() => {});
    return noGroups(
      `this user's own systemd makes no scopes (${messageOf(error)}); log in again, or: loginctl enable-linger`,
    );
  }
}

async function groupsOfV2(root: string): Promise<ControlGroups> {
  try {
    const controllers = (await readFile(join(root, 'cgroup.controllers'), 'utf8')).split(/\s+/);
    const missing = requiredControllers.filter((name) => !controllers.includes(name));
    if (missing.length > 0) throw new Error(`there is no controller for ${missing.join(' and ')}`);
    for (const name of [...requiredControllers, 'io']) {
      if (!controllers.includes(name)) continue;
      await writeFile(join(root, 'cgroup.subtree_control'), `+${name}`);
    }
  } catch (error) {
    return noGroups(
      `${root} cannot have groups with limits (${messageOf(error)}); run the server where it may make control groups`,
    );
  }
  return foldersOf({
    kind: 'v2',
    detail: 'cgroup v2: memory, processors, threads, disks',
    folders: (name) => [join(root, name)],
    settings: (name, limits) => settingsOfOne(join(root, name), limits),
    oomFile: (name) => join(root, name, 'memory.events'),
  });
}

async function groupsOfV1(root: string): Promise<ControlGroups> {
  try {
    for (const name of requiredControllers) await access(join(root, name), constants.W_OK);
  } catch (error) {
    return noGroups(`${root} belongs to the host's root (${messageOf(error)})`);
  }
  const folders = (name: string) =>
    [...requiredControllers, 'blkio'].map((controller) => join(root, controller, name));
  return foldersOf({
    kind: 'v1',
    detail: 'cgroup v1: memory, processors, threads, disks',
    folders,
    settings: (name, limits) => settingsOfV1(root, name, limits),
    oomFile: (name) => join(root, 'memory', name, 'memory.oom_control'),
  });
}

interface GroupFiles extends Pick<ControlGroups, 'kind' | 'detail'> {
  readonly folders: (name: string) => readonly string[];
  readonly settings: (name: string, limits: GroupLimits) => readonly GroupSetting[];
  readonly oomFile: (name: string) => string;
}

function foldersOf({ kind, detail, folders, settings, oomFile }: GroupFiles): ControlGroups {
  return {
    kind,
    detail,
    async make(name, limits) {
      for (const folder of folders(name)) await mkdir(folder, { recursive: true });
      for (const { path, value, optional } of settings(name, limits)) {
        await writeFile(path, value).catch((error: unknown) => {
          if (!optional) throw error;
        });
      }
      return enterGroups(folders(name));
    },
    ranOutOfMemory: (name) => hasOomKills(oomFile(name)),
    async remove(name) {
      const deadline = systemClock.elapsed() + removalMs;
      for (const folder of folders(name)) {
        while ((await isInUse(folder)) && systemClock.elapsed() < deadline) {
          await systemClock.sleep(retryMs);
        }
      }
    },
  };
}

/** By a file of the kernel with counts of events, a line each. */
async function hasOomKills(path: string): Promise<boolean> {
  const text = (await readTextIfExists(path)) ?? '';
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
}

/** Removes a group's folder, unless there are processes in it. */
async function isInUse(folder: string): Promise<boolean> {
  return await rmdir(folder).then(
    () => false,
    (error: unknown) => hasCode(error, 'EBUSY'),
  );
}

function noGroups(why: string): ControlGroups {
  return {
    kind: 'none',
    detail: `a guest's process can take the host's memory and processors: ${why}`,
    make: async () => [],
    ranOutOfMemory: async () => false,
    remove: async () => {},
  };
}
