import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minuteMs, secondMs } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { findControlGroups, systemdScopes } from './control-groups.ts';

const groups = await findControlGroups();
const root = groups.kind === 'v1' ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';

test.runIf(groups.kind === 'v1' || groups.kind === 'v2')(
  'a group is removed as soon as its last process has ended',
  async () => {
    const name = `bakehouse-test-${process.pid}`;
    await groups.remove(name);
    const limits = { memoryBytes: 2 ** 26, threadsMax: 8, weight: 100 };
    const [program = '', ...args] = [...(await groups.make(name, limits)), 'sh', '-c'];
    const child = spawn(program, [...args, 'echo begun; read line'], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    // It ends while the group is being removed.
    const removed = groups.remove(name);
    child.stdin.end();
    await removed;
    expect(await readdir(root)).not.toContain(name);
  },
);

test('cgroup v2: groups get the controllers that are there, and a program enters its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-cgroup-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'cgroup.controllers'), 'cpuset cpu memory pids\n');
  const found = await findControlGroups(folder);
  expect(found.kind).toBe('v2');
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  // The kernel keeps each that is written.
  expect(await read('cgroup.subtree_control')).toBe('+pids');
  const enter = await found.make('x', { memoryBytes: 2 ** 26, threadsMax: 8, weight: 200 });
  expect(await read('x/memory.max')).toBe(`${2 ** 26}`);
  expect(await read('x/memory.swap.max')).toBe('0');
  expect(await read('x/pids.max')).toBe('8');
  const [program = '', ...args] = [...enter, 'true'];
  await once(spawn(program, args, { stdio: 'ignore' }), 'exit');
  expect(Number(await read('x/cgroup.procs'))).toBeGreaterThan(0);
  expect(await found.ranOutOfMemory('x')).toBe(false);
  await writeFile(join(folder, 'x/memory.events'), 'oom 1\noom_kill 1\n');
  expect(await found.ranOutOfMemory('x')).toBe(true);
});

test('without a controller that limits need, there are no groups, with the reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-cgroup-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'cgroup.controllers'), 'hugetlb\n');
  const found = await findControlGroups(folder);
  expect(found.kind).toBe('none');
  expect(found.detail).toContain('there is no controller for memory and cpu and pids');
  expect(await found.make('x', { memoryBytes: 1, threadsMax: 1, weight: 1 })).toEqual([]);
});

/** A program in systemctl's place, which gets its arguments, and notes them. */
async function fakeManager(lines: (folder: string) => string) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-scope-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'manager');
  await writeFile(path, `#!/bin/sh\necho "$*" >>'${folder}/calls'\n${lines(folder)}\n`);
  await chmod(path, 0o700);
  const calls = async () => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  const manager = { enter: [path], flags: [], control: join(folder, 'control') };
  return { manager, calls };
}

const look = [
  'systemctl reset-failed x.scope',
  'systemctl show --property=LoadState --value x.scope',
];

test('systemd: a slice has the limits for as long as the group is there', async () => {
  const { manager, calls } = await fakeManager(() => 'echo not-found');
  const scopes = systemdScopes(manager);
  const enter = await scopes.make('x-1-2', { memoryBytes: 1024, threadsMax: 7, weight: 30 });
  const limits = 'MemoryMax=1024 MemorySwapMax=0 TasksMax=7 CPUWeight=30 IOWeight=30';
  expect(await calls()).toEqual([`systemctl set-property --runtime x-1_2.slice ${limits}`]);
  expect(enter.slice(-3)).toEqual(['--unit=x-1-2', '--slice=x-1_2.slice', '--']);
  // As systemd does.
  await mkdir(join(manager.control, 'x-1_2.slice.d'), { recursive: true });
  await scopes.remove('x-1-2');
  expect(await readdir(manager.control)).toEqual([]);
});

test('systemd: the name of a scope is free once it is removed, though its last process ends a moment later', async () => {
  const { manager, calls } = await fakeManager(
    (folder) => `[ "$2" = show ] || exit 0
[ "$(grep -c LoadState '${folder}/calls')" -gt 2 ] && echo not-found || echo loaded`,
  );
  await systemdScopes(manager, minuteMs).remove('x');
  expect(await calls()).toEqual([...look, ...look, ...look, 'systemctl stop x.slice']);
});

test.each(['echo loaded', 'exec sleep 60'])(
  'systemd: nobody waits for long for a scope that does not go (%s)',
  async (line) => {
    const { manager, calls } = await fakeManager(() => line);
    await systemdScopes(manager, 200).remove('x');
    expect((await calls())[0]).toBe(look[0]);
    expect(await calls()).not.toContain('systemctl stop x.slice');
  },
  5 * secondMs,
);
