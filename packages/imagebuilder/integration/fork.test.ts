import { expect, test } from 'vitest';
import { poweredOff, pythonOf, recorded } from './guest-python.ts';

/** What a fork does, in its order, without doing it. */
const forked = [
  ...recorded,
  'warm_start.is_fork = lambda: True',
  'warm_start.output_of = lambda *command: "0\\n"',
  'warm_start.NETWORK_STATE = (folder + "/leases", folder + "/none")',
  'os.mkdir(folder + "/leases"); write("leases/2", "ADDRESS=172.31.0.9\\n")',
  'warm_start.end_connections = lambda: print("connections ended", os.listdir(folder + "/leases"))',
  'program.INSTANCE_RECORD = folder + "/instance-id"',
  'write("instance-id", "i-0aaaaaaaaaaaaaaaa\\n")',
  'warm_start.own_instance_id = lambda again: "i-0bbbbbbbbbbbbbbbb"',
  'warm_start.renew_firmware_tables = lambda id: (print("firmware tables of", id), write("PRODUCT_UUID", "EC2-1\\n"))',
  'warm_start.subprocess.run = lambda command, **options: print(*command)',
  'program.load_cloud_init = lambda: print("cloud-init loaded")',
  'program.postpone_validation = lambda main: None',
  'program.run_stages = lambda loaded, marks, copy, at, free: (print("stages"), free())',
];

test('a fork renews itself, says so, and runs all stages when it has its card', async () => {
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
    'firmware tables of i-0bbbbbbbbbbbbbbbb',
    'bakehouse: another instance',
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

test.each([
  ['names the instance that it was', 'lambda again: "i-0aaaaaaaaaaaaaaaa"'],
  ['has no tables of its own', 'own_instance_id'],
])('a fork whose machine %s powers off', async (_, own) => {
  const stdout = await pythonOf([
    'own_instance_id = warm_start.own_instance_id',
    ...forked,
    ...poweredOff,
    'warm_start.subprocess.run = lambda command, **options: print(*command)',
    'warm_start.OWN_TABLES = folder + "/tables"; write("tables", "\\0Amazon EC2\\0")',
    `warm_start.own_instance_id = ${own}`,
    'program.run_fork()',
  ]);
  expect(stdout.split('\n').slice(-1)).toEqual(['systemctl poweroff --force']);
  expect(stdout).not.toContain('another instance');
});

test('a fork reads who it is from the tables of its machine, each time afresh', async () => {
  const stdout = await pythonOf([
    'warm_start.subprocess.run = lambda command, **options: print(*command)',
    'warm_start.OWN_TABLES = folder + "/tables"',
    'warm_start.OWN_TABLES_MODULE = folder + "/module"',
    'write("tables", "\\1\\2Amazon EC2\\0i-0123456789abcdef0\\0\\0\\3t3.micro\\0i-0123456789abcdef01\\0")',
    'print(warm_start.own_instance_id(again=True))',
    // Somebody else's driver stays, with the tables that are there now.
    'write("module", "")',
    'print(warm_start.own_instance_id(again=True), warm_start.own_instance_id())',
  ]);
  const [load, remove] = ['modprobe --quiet qemu_fw_cfg', 'modprobe --quiet --remove qemu_fw_cfg'];
  const id = 'i-0123456789abcdef0';
  expect(stdout.split('\n')).toEqual([load, remove, id, remove, load, load, `${id} ${id}`]);
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
  'ffffffff82000080 d base_crng',
  'ffffffff82000100 d input_pool',
  'ffffffffc0000000 d net_secret [other]',
];
const memoryMap = ['00001000-0009fbff : System RAM', '  02000000-02ffffff : Kernel code'];

async function secretsOf(
  names: readonly string[],
  ranges: readonly string[] = memoryMap,
  release = 'warm_start.kernel_release = lambda: (6, 1)',
): Promise<string> {
  return await pythonOf([
    release,
    'warm_start.KERNEL_SYMBOLS, warm_start.MEMORY_MAP = folder + "/symbols", folder + "/map"',
    `write("symbols", ${JSON.stringify(names.join('\n'))})`,
    `write("map", ${JSON.stringify(ranges.join('\n'))})`,
    'try: print(*["%x+%x" % place for place in warm_start.kernel_secrets()])',
    'except ValueError as error: print(error)',
  ]);
}

test('the places of the kernel’s secrets are those in memory', async () => {
  const places = '3000000+10 3000010+10 3000020+20 3000040+20 3000100+20 3000080+30';
  expect(await secretsOf(symbols)).toBe(places);
});

test('later kernels make timestamps of the secret of the sequence numbers', async () => {
  const later = symbols.filter((line) => !line.endsWith(' ts_secret'));
  const both = [...later, 'ffffffff81500000 T secure_tcp_seq_and_ts_off'];
  expect(await secretsOf(both)).toBe('3000000+10 3000020+20 3000040+20 3000100+20 3000080+30');
});

test.each([
  ['without one of them', symbols.slice(0, -2), memoryMap],
  [
    'whose programs draw numbers without it',
    [...symbols, 'ffffffff82000200 d vdso_k_rng_data'],
    memoryMap,
  ],
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

test('kernels from 6.2 on have no time between the key and its number', async () => {
  const release = 'warm_start.kernel_release = lambda: (6, 2)';
  expect(await secretsOf(symbols, memoryMap, release)).toContain('3000080+28');
});

test('of a kernel before 5.18 they are not known', async () => {
  const release = `warm_start.os.uname = lambda: type("", (), {"release": "5.17.0-4-amd64"})()`;
  expect(await secretsOf(symbols, memoryMap, release)).toContain('kernels before 5.18');
});

test.each([
  ['shows', '', 'bakehouse: can be forked, with secrets at 1000+10 123456+20'],
  [
    'hides',
    'def fail(): raise ValueError("not known where the kernel has its code")',
    "bakehouse: cannot be forked: ValueError('not known where the kernel has its code')",
  ],
])(
  'a guest whose kernel %s its secrets’ places says so when it has booted',
  async (_, failing, line) => {
    const stdout = await pythonOf([
      'warm_start.own_instance_id = lambda: None',
      'warm_start.kernel_secrets = lambda: [(4096, 16), (0x123456, 32)]',
      failing,
      ...(failing === '' ? [] : ['warm_start.kernel_secrets = fail']),
      'program.wait_for_network = program.forget_cached_instance = lambda: None',
      'program.stage = program.notify_ready = program.report_boot_times = lambda *arguments: None',
      'program.run_stages((None, (1, 2), lambda: None), {}, None, None)',
    ]);
    expect(stdout).toBe(line);
  },
);

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

/** In a network of its own, with a card whose address is then lost. */
const connected = [
  'import ctypes, select, socket, subprocess',
  'assert ctypes.CDLL(None).unshare(0x40000000) == 0',
  'def ip(*words): subprocess.run(["ip", *words], check=True)',
  'ip("link", "set", "lo", "up"); ip("address", "add", "10.9.9.1/32", "dev", "lo")',
  'def connect(address, family=socket.AF_INET):',
  '    listener = socket.create_server((address, 0), family=family, dualstack_ipv6=family == socket.AF_INET6 and address == "::")',
  '    ends.append(listener)',
  '    port = listener.getsockname()[1]',
  '    ends.append(socket.create_connection(("10.9.9.1" if address == "::" else address, port)))',
  '    ends.append(listener.accept()[0])',
  '    return ends[-2:]',
  'ends = []',
  'ways = [("10.9.9.1",), ("::", socket.AF_INET6), ("127.0.0.1",), ("::1", socket.AF_INET6)]',
  'pairs = [connect(*way) for way in ways]',
  'ip("address", "delete", "10.9.9.1/32", "dev", "lo")',
  'def isAlive(end):',
  '    try: end.send(b"x"); return not end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)',
  '    except OSError: return False',
];

test('connections from an address that is gone end, and those within the machine stay', async () => {
  const stdout = await pythonOf([
    ...connected,
    'warm_start.end_connections()',
    'print([isAlive(end) for pair in pairs for end in pair])',
  ]);
  expect(stdout).toBe('[False, False, False, False, True, True, True, True]');
});

test('a fork with a connection that does not end powers off', async () => {
  const stdout = await pythonOf([
    ...connected,
    'run = subprocess.run',
    'def keep(command, **options): return None if "--kill" in command else run(command, **options)',
    'warm_start.subprocess.run = keep',
    'try: warm_start.end_connections()',
    'except ValueError as error: print(error)',
  ]);
  expect(stdout).toMatch(/^4 connections of the other instance do not end, such as \['ESTAB'/);
});

test('a file that is laid over one of the kernel’s is replaced where it is', async () => {
  const stdout = await pythonOf([
    'warm_start.RUN_DIRECTORY = folder + "/run"',
    'write("product_uuid", "of the kernel\\n")',
    'import ctypes; assert ctypes.CDLL(None).unshare(0x00020000) == 0',
    'warm_start.subprocess.run(["mount", "--make-rprivate", "/"], check=True)',
    'for text in ["first", "second"]: warm_start.show_instead(folder + "/product_uuid", text)',
    'print(read("product_uuid").strip(), sum("/product_uuid " in line for line in open("/proc/self/mountinfo")))',
  ]);
  expect(stdout).toBe('second 1');
});
