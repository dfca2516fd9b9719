import { expect, test } from 'vitest';
import { poweredOff, pythonOf, recorded } from './guest-python.ts';

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
