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
    'for name in ["PRODUCT_SKU", "PRODUCT_UUID", "MACHINE_ID", "TEMPLATE_MARK"]:',
    '    setattr(program, name, folder + "/" + name)',
    'def write(name, text):',
    '    with open(folder + "/" + name, "w") as file: file.write(text)',
    'def read(name):',
    '    with open(folder + "/" + name) as file: return file.read()',
    'write("PRODUCT_SKU", "bakehouse template\\n")',
    'def end(*arguments): raise SystemExit(0)',
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

test.each([
  ['another machine', 'write("PRODUCT_SKU", "Not Specified\\n")'],
  ['a machine of EC2', 'os.unlink(program.PRODUCT_SKU)'],
])('%s waits for no card, also when it has none', async (_, change) => {
  expect(await pythonOf([change, 'print(program.wait_without_card())'])).toBe('None');
});

test('a device that is being plugged is none yet', async () => {
  const lines = ['os.mkdir(folder + "/pci/0000:00:05.0")', 'print(program.has_network_card())'];
  expect(await pythonOf(lines)).toBe('False');
});

/** What the wait does, in its order, without doing it. */
const recorded = [
  'warm_start.preload = lambda: print("modules imported")',
  'warm_start.settle = lambda mark: print("settled", mark == program.TEMPLATE_MARK)',
  'warm_start.why_no_template = lambda: None',
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
    'settled True',
    'network held',
    'bakehouse: waiting for a network card',
    'random numbers renewed',
    expect.stringMatching(/^bakehouse: random numbers renewed, the next are [0-9a-f]{16}$/),
    'clock set',
    '/proc/sys/kernel/random/boot_id 36',
    'network goes on',
    'True',
  ]);
});

const poweredOff = [
  'warm_start.subprocess.run = lambda command: print(*command)',
  'warm_start.wait_for_ever = end',
];

test.each(['OSError', 'ValueError'])(
  'a copy that cannot be renewed (%s) powers off, and never reaches the network',
  async (error) => {
    const stdout = await pythonOf([
      ...recorded,
      ...poweredOff,
      `def fail(): raise ${error}("no source of random numbers")`,
      'warm_start.renew_random = fail',
      'program.wait_without_card()',
    ]);
    expect(stdout.split('\n').slice(-1)).toEqual(['systemctl poweroff --force']);
    expect(stdout).not.toContain('network goes on');
  },
);

test('where copies would share too much it says so, and does not wait for a card', async () => {
  const stdout = await pythonOf([
    ...recorded,
    'warm_start.wait_for_ever = end',
    'warm_start.why_no_template = lambda: "too much"',
    'program.wait_without_card()',
  ]);
  expect(stdout.split('\n').slice(-1)).toEqual(['bakehouse: no template: too much']);
});

const fromEc2 = 'warm_start.datasources = lambda: ["Ec2", "None"]';

test('what copies would share: what other services drew, and the secrets of TCP', async () => {
  const stdout = await pythonOf([
    fromEc2,
    'warm_start.OWN_SERVICES = folder + "/own"',
    'warm_start.TCP_COUNTERS = folder + "/snmp"',
    'write("own", "getty@.service\\nsystemd-udevd.service\\n")',
    'shown = {"getty@tty1.service": 9, "systemd-udevd.service": 5, "late.service": 0}',
    'warm_start.output_of = lambda *command: "\\n\\n".join("Id=%s\\nInactiveExitTimestampMonotonic=%d" % unit for unit in shown.items())',
    'def count(opened, accepted): write("snmp", "Ip: Forwarding\\nIp: 1\\nTcp: Rto ActiveOpens PassiveOpens\\nTcp: 1 %d %d\\n" % (opened, accepted))',
    'count(0, 0)',
    'print(warm_start.why_no_template())',
    'shown["late.service"] = 7',
    'print(warm_start.why_no_template())',
    'del shown["late.service"]',
    'for counts in [(1, 0), (0, 1)]:',
    '    count(*counts)',
    '    print(warm_start.why_no_template())',
  ]);
  const tcp = expect.stringContaining('the guest has made TCP connections');
  const service = 'copies would share what late.service drew when it was started';
  expect(stdout.split('\n')).toEqual(['None', service, tcp, tcp]);
});

test.each(['preload', 'settle', 'hold_network', 'why_no_template'])(
  'a guest whose %s fails is no template, and says why',
  async (part) => {
    const stdout = await pythonOf([
      ...recorded,
      'warm_start.wait_for_ever = end',
      'def fail(*arguments): raise OSError("caf\\xe9\\nis closed")',
      `warm_start.${part} = fail`,
      'program.wait_without_card()',
    ]);
    const [reason] = stdout.split('\n').slice(-1);
    expect(reason).toBe("bakehouse: no template: OSError('caf\\xe9\\nis closed')");
  },
);

test('a boot that does not come to rest makes no template', async () => {
  const stdout = await pythonOf([
    ...['settle = warm_start.settle', ...recorded, 'warm_start.settle = settle'],
    'warm_start.wait_for_ever = end',
    'warm_start.subprocess.run = lambda *arguments, **options: None',
    'warm_start.running_jobs = lambda: ["one.service", "a.service"]',
    'now = iter(range(1000))',
    'warm_start.time.monotonic = lambda: next(now)',
    'warm_start.time.sleep = lambda seconds: None',
    'program.wait_without_card()',
  ]);
  expect(stdout.split('\n').slice(-1)).toEqual([
    "bakehouse: no template: TimeoutError('after 300 s systemd still starts a.service, one.service')",
  ]);
});

test.each([
  ['is disabled', 'program.is_disabled = lambda: True', 'cloud-init is disabled'],
  [
    'cannot be loaded',
    'def fail(): raise ImportError("no yaml")\nprogram.is_disabled = lambda: False\nprogram.load_cloud_init = fail',
    "ImportError('no yaml')",
  ],
])('a guest whose cloud-init %s is no template', async (_, change, reason) => {
  const run = [change, 'program.RUN_DIRECTORY = folder', 'program.notify_ready = end'];
  const stdout = await pythonOf([...run, 'warm_start.wait_for_ever = end', 'program.run()']);
  expect(stdout).toBe(`bakehouse: no template: ${reason}`);
  const other = [...run, 'os.unlink(program.PRODUCT_SKU)'];
  const ended = 'try: program.run()\nexcept ImportError: pass';
  expect(await pythonOf([...other, ended])).toBe('');
});

/** A copy of a template of an image whose parent was i-…1, after its init stage. */
const copied = (recorded: string) => [
  'write("PRODUCT_UUID", "EC2A1CD7-2BCE-4CDB-A0A4-8C2A8B3A8D35\\n")',
  'write("MACHINE_ID", "of-the-template\\n")',
  'write("TEMPLATE_MARK", "")',
  `program.recorded_instance_id = lambda: "${recorded}"`,
  'warm_start.show_instead = lambda path, text: None',
];
const parent = 'i-00000000000000001';
const own = 'i-00000000000000002';
const shown = 'print(read("MACHINE_ID").strip(), os.path.exists(program.TEMPLATE_MARK))';
const ownId = 'ec2a1cd72bce4cdba0a48c2a8b3a8d35 False';

test('a copy has the machine id of its instance, and its disk is no template any more', async () => {
  const named = `program.name_copy("${parent}", warm_start)`;
  expect(await pythonOf([...copied(own), ...poweredOff, named, shown])).toBe(ownId);
});

test.each([parent, '', 'iid-datasource-none', 'i-0000000000000000', `${own}x`])(
  'a copy that does not know its instance (%j) powers off',
  async (recorded) => {
    const stdout = await pythonOf([
      ...[...copied(recorded), ...poweredOff],
      `program.name_copy("${parent}", warm_start)`,
    ]);
    expect(stdout).toBe('systemctl poweroff --force');
  },
);

test('a copy whose firmware tables cannot be changed powers off', async () => {
  const stdout = await pythonOf([
    ...[...copied(own), ...poweredOff],
    'def fail(path, text): raise ValueError(path)',
    'warm_start.show_instead = fail',
    `program.name_copy("${parent}", warm_start)`,
  ]);
  expect(stdout).toBe('systemctl poweroff --force');
});

test.each(['OSError("is closed")', 'warm_start.subprocess.TimeoutExpired("program", 120)'])(
  'a copy goes on when its journal and its disks do not learn the new ids: %s',
  async (error) => {
    const stdout = await pythonOf([
      `def fail(command, timeout): print(command[0]); raise ${error}`,
      'warm_start.subprocess.run = fail',
      'warm_start.restart_with_new_ids()',
      'print("on")',
    ]);
    expect(stdout.split('\n')).toEqual(['systemctl', 'udevadm', 'on']);
  },
);

test("what boots from a template's disk makes a machine id of its own, once", async () => {
  const renew = 'program.renew_machine_id("")';
  expect(await pythonOf([...copied(own), renew, shown])).toBe(ownId);
  const later = [...copied(own), 'os.unlink(program.TEMPLATE_MARK)', renew, shown];
  expect(await pythonOf(later)).toBe('of-the-template False');
});

test('the disk of a template is marked before its memory is kept', async () => {
  const stdout = await pythonOf([
    'warm_start.subprocess.run = lambda *arguments, **options: None',
    'warm_start.running_jobs = lambda: []',
    'mark = folder + "/lib/bakehouse/mark"',
    'warm_start.os.sync = lambda: print(os.path.exists(mark))',
    'warm_start.settle(mark)',
  ]);
  expect(stdout).toBe('True');
});

test('a guest whose cloud-init does not look for its instance in EC2 is no template', async () => {
  const stdout = await pythonOf([
    'os.mkdir(folder + "/cloudinit")',
    'write("cloudinit/__init__.py", "")',
    'write("cloudinit/stages.py", "def fetch_base_config(): return {\\"datasource_list\\": [\\"NoCloud\\", \\"None\\"]}")',
    'sys.path.insert(0, folder)',
    'print(warm_start.why_no_template())',
  ]);
  expect(stdout).toBe(
    'cloud-init looks in NoCloud, None for its instance, and copies learn their ids from Ec2 alone',
  );
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

/** What a fork does, in its order, without doing it. */
const forked = [
  ...recorded,
  'warm_start.is_fork = lambda: True',
  'warm_start.output_of = lambda *command: "0\\n"',
  'warm_start.NETWORK_STATE = (folder + "/leases", folder + "/none")',
  'os.mkdir(folder + "/leases"); write("leases/2", "ADDRESS=172.31.0.9\\n")',
  'warm_start.end_connections = lambda: print("connections ended", os.listdir(folder + "/leases"))',
  'warm_start.kernel_secrets = lambda: [(4096, 16), (0x123456, 32)]',
  'warm_start.subprocess.run = lambda command, **options: print(*command)',
  'program.load_cloud_init = lambda: print("cloud-init loaded")',
  'program.postpone_validation = lambda main: None',
  'program.run_stages = lambda loaded, marks, copy, at, free: (print("stages"), free())',
];

test('a fork renews itself, says where the rest is, and runs all stages when it has its card', async () => {
  const stdout = await pythonOf([...forked, 'program.run_fork()']);
  expect(stdout.split('\n')).toEqual([
    'random numbers renewed',
    expect.stringMatching(/^bakehouse: random numbers renewed, the next are [0-9a-f]{16}$/),
    'clock set',
    '/proc/sys/kernel/random/boot_id 36',
    expect.stringMatching(/^systemctl stop systemd-networkd.socket systemd-networkd.service ssh/),
    'modprobe --quiet tcp_diag',
    'modprobe --quiet inet_diag',
    'connections ended []',
    'bakehouse: another instance, but for 1000+10 123456+20',
    'cloud-init loaded',
    'systemctl start --no-block systemd-networkd.service',
    'stages',
    expect.stringMatching(/^systemctl start --no-block ssh.service /),
  ]);
});

test('an instance that loses its card and is no fork stays what it is', async () => {
  const lines = [...forked, 'warm_start.is_fork = lambda: False', 'program.run_fork()'];
  expect(await pythonOf(lines)).toBe('');
});

test('a fork that cannot be renewed powers off, and says nothing for which it would get a card', async () => {
  const stdout = await pythonOf([
    ...forked,
    ...poweredOff,
    'def fail(): raise ValueError("not known where the kernel has its code")',
    'warm_start.subprocess.run = lambda command, **options: print(*command)',
    'warm_start.kernel_secrets = fail',
    'program.run_fork()',
  ]);
  expect(stdout.split('\n').slice(-1)).toEqual(['systemctl poweroff --force']);
  expect(stdout).not.toContain('another instance');
});

test('a fork whose services do not stop powers off', async () => {
  const stdout = await pythonOf([
    ...forked,
    ...poweredOff,
    'warm_start.subprocess.run = lambda command, **options: print(*command)',
    'warm_start.output_of = lambda *command: "233\\n"',
    'program.run_fork()',
  ]);
  expect(stdout.split('\n').slice(-1)).toEqual(['systemctl poweroff --force']);
});

const symbols = [
  'ffffffff81000000 T _text',
  'ffffffff82000010 d ts_secret',
  'ffffffff82000000 d net_secret',
  'ffffffff82000020 d syncookie_secret',
  'ffffffff82000040 d syncookie6_secret',
  'ffffffffc0000000 d net_secret [other]',
];
const memoryMap = ['00001000-0009fbff : System RAM', '  02000000-02ffffff : Kernel code'];

async function secretsOf(
  names: readonly string[],
  ranges: readonly string[] = memoryMap,
): Promise<string> {
  return await pythonOf([
    'warm_start.KERNEL_SYMBOLS, warm_start.MEMORY_MAP = folder + "/symbols", folder + "/map"',
    `write("symbols", ${JSON.stringify(names.join('\n'))})`,
    `write("map", ${JSON.stringify(ranges.join('\n'))})`,
    'try: print(*["%x+%x" % place for place in warm_start.kernel_secrets()])',
    'except ValueError as error: print(error)',
  ]);
}

test('the places of the kernel’s secrets are those in memory', async () => {
  const places = '3000000+10 3000010+10 3000020+20 3000040+20';
  expect(await secretsOf(symbols)).toBe(places);
});

test('later kernels make timestamps of the secret of the sequence numbers', async () => {
  const later = symbols.filter((line) => !line.endsWith(' ts_secret'));
  const both = [...later, 'ffffffff81500000 T secure_tcp_seq_and_ts_off'];
  expect(await secretsOf(both)).toBe('3000000+10 3000020+20 3000040+20');
});

test.each([
  ['without one of them', symbols.slice(0, -2), memoryMap],
  [
    'without the secret of timestamps',
    symbols.filter((line) => !line.endsWith('ts_secret')),
    memoryMap,
  ],
  ['with two of one name', [...symbols, 'ffffffff82000050 d ts_secret'], memoryMap],
  [
    'that hides addresses',
    symbols.map((line) => line.replace(/^f+[0-9]+/, '0000000000000000')),
    memoryMap,
  ],
  ['that hides its code', symbols, [memoryMap[0] ?? '', '  00000000-00000000 : Kernel code']],
  ['whose code is nowhere', symbols, memoryMap.slice(0, 1)],
])('of a kernel %s they are not known', async (_, names, ranges) => {
  expect(await secretsOf(names, ranges)).toMatch(/not known where|two symbols/);
});

test.each([
  ['the same', 'vol0123456789abcdef0', 'False'],
  ['another', 'vol0fedcba9876543210', 'True'],
])('a guest whose disk is %s as udev has seen', async (_, seen, isFork) => {
  const lines = [
    'warm_start.BLOCK_DEVICES = folder + "/block"',
    'os.makedirs(folder + "/block/vda"); os.makedirs(folder + "/block/sr0")',
    'write("block/vda/serial", "vol0123456789abcdef0\\n")',
    `warm_start.output_of = lambda *command: "${seen}\\n" if command[-1] == "/dev/vda" else ""`,
    'print(warm_start.is_fork())',
  ];
  expect(await pythonOf(lines)).toBe(isFork);
});
