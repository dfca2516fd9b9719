import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cloud, type Machine, openCloud, sshFromHost } from './support/cloud.ts';
import { login, sh, sshCommand } from './support/guest.ts';
import { output } from './support/run.ts';

const platform = inject('platform');
const root = join(import.meta.dirname, '../..');
const program = 'tests/boot/guest/control-groups.ts';

/** Copies this Node, with its libraries that a guest may lack, and what the program imports to `/probe` of the guest. */
async function copyProgram(guest: Machine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-boot-program-'));
  try {
    const names = /\S*\/lib(?:atomic|stdc\+\+|gcc_s)\.so\S*/g;
    const libraries = (await output(['ldd', process.execPath])).match(names) ?? [];
    for (const path of [process.execPath, ...libraries]) {
      await cp(path, join(folder, basename(path)), { dereference: true });
    }
    for (const path of ['packages/base', 'packages/host', program]) {
      await cp(join(root, path), join(folder, path), { recursive: true });
    }
    await mkdir(join(folder, 'node_modules/@bakehouse'), { recursive: true });
    for (const name of ['base', 'host']) {
      await symlink(`../../packages/${name}`, join(folder, 'node_modules/@bakehouse', name));
    }
    const ssh = sshCommand(guest).map((word) => `'${word}'`);
    const pipe = `tar -C '${folder}' -c . | gzip -1 | ${ssh.join(' ')} 'sudo mkdir /probe && sudo tar -C /probe -xz'`;
    await output(['sh', '-c', pipe], { limitMs: 300_000 });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A guest in the place of a platform's host: it has systemd and cgroup v2, which the tests' own host may lack. */
describe('control groups of a host with systemd and cgroup v2', () => {
  let cloud: Cloud;
  let guest: Machine;

  beforeAll(async () => {
    cloud = await openCloud(platform, 'control-groups');
    const group = await cloud.group('ssh', sshFromHost);
    guest = await login(await cloud.launch({ SecurityGroupIds: [group] }));
    await copyProgram(guest);
  });
  afterAll(() => cloud.end());

  const probe = async (enter: string, folder = '') =>
    JSON.parse(
      await sh(guest, `${enter} LD_LIBRARY_PATH=/probe /probe/node /probe/${program} ${folder}`),
    );

  const limits = ['memory.max 67108864', 'memory.swap.max 0', 'pids.max 20', 'cpu.weight 50'];
  const works = {
    limited: { status: 0, stdout: `${limits.join('\n')}\n`, ranOutOfMemory: false },
    hungry: { status: null, signal: 'SIGKILL', ranOutOfMemory: true },
    failed: { status: 3, stderr: '', ranOutOfMemory: false },
    left: '',
  };

  test('scopes of systemd limit, say who ran out of memory, and leave nothing', async () => {
    expect(await probe('sudo env')).toMatchObject({ kind: 'systemd', ...works });
    expect(await sh(guest, "systemctl list-units --all --plain --no-legend '*0123456*'")).toBe('');
    expect(await sh(guest, "find /run/systemd/system.control -name '*0123456*'")).toBe('');
  });

  test('so do groups without systemd', async () => {
    const found = await probe('sudo env', '/sys/fs/cgroup/bakehouse');
    expect(found).toMatchObject({ kind: 'v2', ...works });
  });
});
