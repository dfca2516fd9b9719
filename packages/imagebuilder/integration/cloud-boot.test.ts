import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const cloudBoot = fileURLToPath(
  new URL('../guest/rootfs/usr/lib/bakehouse/cloud-boot', import.meta.url),
);

/** Runs the guest's wait for a network with limits, a driver folder, and routes of the test's own. */
const script = `
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

sys.dont_write_bytecode = True
program = ModuleType("cloud_boot")
SourceFileLoader("cloud_boot", sys.argv[1]).exec_module(program)
program.NETWORK_USUAL_SECONDS = 0
program.NETWORK_WAIT_SECONDS = 0
program.NETWORK_DRIVER = sys.argv[2]
answers = [answer == "yes" for answer in sys.argv[3].split()]
program.has_default_route = lambda: answers.pop(0) if answers else False
program.wait_for_network()
`;

async function consoleOf(routes: string) {
  const driver = await mkdtemp(join(tmpdir(), 'bakehouse-driver-'));
  onTestFinished(() => rm(driver, { recursive: true }));
  await symlink('/nowhere', join(driver, 'virtio7'));
  await writeFile(join(driver, 'new_id'), '');
  const args = ['-c', script, cloudBoot, driver, routes];
  const { stderr } = await promisify(execFile)('python3', args);
  const written = (name: string) => readFile(join(driver, name), 'utf8').catch(() => undefined);
  return { stderr, unbind: await written('unbind'), bind: await written('bind') };
}

test('with a route at once, nothing is restarted and nothing is said', async () => {
  expect(await consoleOf('yes')).toEqual({ stderr: '', unbind: undefined, bind: undefined });
});

test('without a route in the usual time, the driver of the network card starts again', async () => {
  const { stderr, unbind, bind } = await consoleOf('no yes');
  expect([unbind, bind]).toEqual(['virtio7', 'virtio7']);
  expect(stderr.match(/^no default route after \d+ s$/gm)).toHaveLength(1);
  expect(stderr).toMatch(/^restarting the network card$/m);
});

test('without a network, the console shows the interfaces and what the network service did', async () => {
  const { stderr } = await consoleOf('');
  const [first, ...rest] = stderr.split('\n');
  expect(first).toBe('no default route after 0 s');
  expect(stderr.match(/^no default route after 0 s$/gm)).toHaveLength(2);
  const shown = rest.join('\n');
  expect(shown).toMatch(/^\d+: lo: .*\n.*\n +RX: /m);
  // A host without a journal, or without such lines in it, says so.
  expect(shown).toMatch(/journal|entries|networkd/i);
});

/** Runs Python after `program` is loaded, with modules of the test's own in front of the host's. */
async function pythonOf(lines: readonly string[], modules: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-python-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(modules)) await writeFile(join(folder, name), text);
  const load = [
    'import sys',
    'from importlib.machinery import SourceFileLoader',
    'from types import ModuleType, SimpleNamespace',
    'sys.dont_write_bytecode = True',
    'program = ModuleType("cloud_boot")',
    'SourceFileLoader("cloud_boot", sys.argv[1]).exec_module(program)',
    'folder = sys.argv[2]',
    'sys.path.insert(0, folder)',
  ];
  const args = ['-c', [...load, ...lines].join('\n'), cloudBoot, folder];
  const { stdout, stderr } = await promisify(execFile)('python3', args);
  return { stdout: stdout.trimEnd(), stderr };
}

const validation = [
  'program.USER_DATA_FILES = (folder + "/user-data.txt", folder + "/vendor-data.txt")',
  'main = SimpleNamespace(validate_cloudconfig_schema=lambda config: print("validated", config))',
  'validate = program.postpone_validation(main)',
  'main.validate_cloudconfig_schema(config={"packages": 1})',
  'print("user exists")',
  'validate()',
];

test('user data is validated, with the same arguments, when the user exists', async () => {
  const { stdout } = await pythonOf(validation, {
    'user-data.txt': '#cloud-config\npackages: 1\n',
  });
  expect(stdout).toBe("user exists\nvalidated {'packages': 1}");
});

test('without user or vendor data there is nothing to validate', async () => {
  const { stdout } = await pythonOf(validation, { 'user-data.txt': '', 'vendor-data.txt': '' });
  expect(stdout).toBe('user exists');
});

test('a validation that fails does not end the boot', async () => {
  const failing = validation.map((line) => line.replace('print("validated", config)', '1 / 0'));
  const { stdout, stderr } = await pythonOf(failing, { 'vendor-data.txt': 'x' });
  expect(stdout).toBe('user exists');
  expect(stderr).toContain('cannot validate the user data: ZeroDivisionError');
});

const chardet = `
print("chardet is imported")
def detect(data):
    return {"encoding": "latin-1"}
`;

test('requests is imported without chardet, which is imported when a text has no encoding', async () => {
  const requests = 'import chardet\nassert chardet.__version__\n';
  const { stdout, stderr } = await pythonOf(
    [
      'program.import_requests()',
      'import requests',
      'print("requests is imported")',
      'print(requests.chardet.detect(b"x")["encoding"])',
    ],
    { 'requests.py': requests, 'chardet.py': chardet },
  );
  expect(stdout).toBe('requests is imported\nchardet is imported\nlatin-1');
  expect(stderr).toBe('');
});

test('a later requests that needs more of chardet is imported as a whole', async () => {
  const requests = 'from chardet import detect_all\n';
  const { stdout, stderr } = await pythonOf(
    ['program.import_requests()', 'import requests', 'print(requests.detect_all)'],
    { 'requests.py': requests, 'chardet.py': 'detect_all = 7\n' },
  );
  expect(stdout).toBe('7');
  expect(stderr).toContain('importing requests as a whole');
});

test('the boot ends with a line of its times, in their order, without those that are not known', async () => {
  const { stdout } = await pythonOf([
    'import os',
    'program.systemd_times = lambda: {"systemd": 3.5, "sshd": 14.125, "units": 0.0}',
    'program.report_boot_times((os.dup(1), os.dup(2)), {"python": 5.1, "user": 17.3})',
  ]);
  expect(stdout).toBe(
    "boot times, in seconds after the kernel's start: systemd 3.50, python 5.10, sshd 14.12, user 17.30",
  );
});

test.each([
  ['', 'False'],
  ['{"hostname": "ip-172', 'False'],
  ['{"hostname": "ip-172-31-14-99"}', 'True'],
])('a host name that was recorded as %j does not fail the init stage', async (record, isKept) => {
  const lines = [
    'import os',
    'program.HOST_NAME_RECORD = folder + "/set-hostname"',
    'program.forget_lost_host_name()',
    'print(os.path.exists(program.HOST_NAME_RECORD))',
  ];
  expect((await pythonOf(lines, { 'set-hostname': record })).stdout).toBe(isKept);
  expect((await pythonOf(lines)).stdout).toBe('False');
});

test('an instance of an image whose record of its parent was lost gets a machine id of its own', async () => {
  const lines = [
    'program.INSTANCE_RECORD = folder + "/instance-id"',
    'program.MACHINE_ID = folder + "/machine-id"',
    'program.PRODUCT_UUID = folder + "/product_uuid"',
    'before = program.recorded_instance_id()',
    'with open(program.INSTANCE_RECORD, "w") as record: record.write("i-00000000000000002\\n")',
    'program.renew_machine_id(before)',
    'print(open(program.MACHINE_ID).read().strip())',
  ];
  const files = { 'machine-id': "its parent's", product_uuid: 'EC2A1CD7-2BCE\n' };
  const first = await pythonOf(lines, files);
  expect(first.stdout).toBe("its parent's");
  const lost = await pythonOf(lines, { ...files, 'instance-id': '' });
  expect(lost.stdout).toBe('ec2a1cd72bce');
});
