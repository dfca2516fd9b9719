import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const guestFolder = fileURLToPath(new URL('../guest/rootfs/usr/lib/bakehouse', import.meta.url));

/** Runs Python with the guest's modules `program` (cloud-boot) and `warm_start`. */
async function pythonOf(lines: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-warm-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'pci'));
  for (const [name, code] of Object.entries({
    '0000:00:03.0': '0x030000',
    '0000:00:04.0': '0x00ff00',
  })) {
    await mkdir(join(folder, 'pci', name));
    await writeFile(join(folder, 'pci', name, 'class'), `${code}\n`);
  }
  const load = [
    'import os, sys',
    'from importlib.machinery import SourceFileLoader',
    'from types import ModuleType',
    'sys.dont_write_bytecode = True',
    'sys.path.insert(0, sys.argv[1])',
    'program = ModuleType("cloud_boot")',
    'SourceFileLoader("cloud_boot", sys.argv[1] + "/cloud-boot").exec_module(program)',
    'import warm_start',
    'folder = sys.argv[2]',
    'program.PCI_DEVICES = folder + "/pci"',
    'def plug():',
    '    os.mkdir(folder + "/pci/0000:00:02.0")',
    '    with open(folder + "/pci/0000:00:02.0/class", "w") as text: text.write("0x020000\\n")',
  ];
  const args = ['-c', [...load, ...lines].join('\n'), guestFolder, folder];
  return (await promisify(execFile)('python3', args)).stdout.trimEnd();
}

test('a guest with a card waits for nothing', async () => {
  const lines = ['plug()', 'print(program.wait_without_card())'];
  expect(await pythonOf(lines)).toBe('None');
});

test('a device that is being plugged is none yet', async () => {
  const lines = ['os.mkdir(folder + "/pci/0000:00:05.0")', 'print(program.has_network_card())'];
  expect(await pythonOf(lines)).toBe('False');
});

/** What the wait does, in its order, without doing it. */
const recorded = [
  'warm_start.preload = lambda: print("modules imported")',
  'warm_start.settle = lambda: print("settled")',
  'warm_start.hold_network = lambda: (print("network held"), lambda: print("network goes on"))[1]',
  'warm_start.time.sleep = lambda seconds: plug()',
  'warm_start.renew_random = lambda: print("random numbers renewed")',
  'warm_start.set_clock = lambda: print("clock set")',
  'warm_start.show_instead = lambda path, text: print(path, len(text))',
];

test('without a card it settles, says that it waits, and renews itself before the network goes on', async () => {
  const stdout = await pythonOf([...recorded, 'print(program.wait_without_card() is warm_start)']);
  expect(stdout.split('\n')).toEqual([
    'modules imported',
    'settled',
    'network held',
    'bakehouse: waiting for a network card',
    'random numbers renewed',
    'clock set',
    '/proc/sys/kernel/random/boot_id 36',
    'network goes on',
    'True',
  ]);
});

test('a copy that cannot be renewed powers off, and never reaches the network', async () => {
  const stdout = await pythonOf([
    ...recorded,
    'def fail(): raise OSError("no source of random numbers")',
    'warm_start.renew_random = fail',
    'def end(*arguments): raise SystemExit(0)',
    'warm_start.subprocess.run = lambda command: (print(*command), end())',
    'program.wait_without_card()',
  ]);
  expect(stdout.split('\n').slice(-1)).toEqual(['systemctl poweroff --force']);
  expect(stdout).not.toContain('network goes on');
});

test("a template has cloud-init's modules, but for those that cannot be imported", async () => {
  const stdout = await pythonOf([
    'for name, text in {"__init__": "", "config/__init__": "", "config/cc_one": "print(\\"one\\")", "config/cc_bad": "1 / 0"}.items():',
    '    path = folder + "/cloudinit/" + name + ".py"',
    '    os.makedirs(os.path.dirname(path), exist_ok=True)',
    '    with open(path, "w") as target: target.write(text)',
    'sys.path.insert(0, folder)',
    'warm_start.preload()',
  ]);
  expect(stdout).toBe('one');
});

test('jobs of systemd that run beside this one are waited for', async () => {
  const stdout = await pythonOf([
    'warm_start.output_of = lambda *command: "\\n".join(["12 bakehouse-cloud-init.service start running", "13 ssh.service start waiting", "14 late.service start running"])',
    'print(warm_start.running_jobs())',
  ]);
  expect(stdout).toBe("['late.service']");
});

test("the times of a copy count from the copy's start", async () => {
  const stdout = await pythonOf([
    'program.systemd_times = lambda: {"systemd": 3.5, "sshd": 14.125}',
    'program.report_boot_times((os.dup(1), os.dup(2)), {"python": 5.1, "user": 13.3}, 10.0)',
  ]);
  expect(stdout).toBe("boot times, in seconds after the copy's start: user 3.30, sshd 4.12");
});

/** The same value is in system-identity.test.ts of compute-qemu. */
test("the machine's UUID is made of the instance id as the platform makes it", async () => {
  const stdout = await pythonOf(['print(warm_start.system_uuid("i-0123456789abcdef0"))']);
  expect(stdout).toBe('ec2a1cd7-2bce-4cdb-a0a4-8c2a8b3a8d35');
});
