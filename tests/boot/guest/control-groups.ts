import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findControlGroups } from '@bakehouse/host';

/**
 * Runs in a guest, and prints as JSON what its control groups do to programs. With a folder of cgroup v2, which it makes
 * and removes, the groups are made in there without systemd.
 */

const [, , folder] = process.argv;
if (folder !== undefined) {
  for (const name of ['cpu', 'memory', 'pids']) {
    writeFileSync(join(dirname(folder), 'cgroup.subtree_control'), `+${name}`);
  }
  mkdirSync(folder);
}
const groups = await findControlGroups(folder);
const name = 'bakehouse-1-i-0123456789abcdef0';
const limits = { memoryBytes: 2 ** 26, threadsMax: 20, weight: 50 };

/** The same name each time, as of a machine that starts again. */
async function run(program: readonly string[]) {
  const [enter = '', ...args] = [...(await groups.make(name, limits)), ...program];
  const { status, signal, stdout, stderr } = spawnSync(enter, args, { encoding: 'utf8' });
  const ranOutOfMemory = await groups.ranOutOfMemory(name);
  await groups.remove(name);
  return { status, signal, stdout, stderr, ranOutOfMemory };
}

const show = `cd "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)${groups.kind === 'systemd' ? '/..' : ''}"
for name in memory.max memory.swap.max pids.max cpu.weight; do echo "$name $(cat $name)"; done`;
const limited = await run(['sh', '-c', show]);
const hungry = await run(['python3', '-c', "'x' * 200_000_000"]);
const failed = await run(['sh', '-c', 'exit 3']);
const search = ['/sys/fs/cgroup', '-name', '*0123456789abcdef0*'];
const left = execFileSync('find', search, { encoding: 'utf8' });
if (folder !== undefined) rmdirSync(folder);
const { kind, detail } = groups;
process.stdout.write(JSON.stringify({ kind, detail, limited, hungry, failed, left }));
