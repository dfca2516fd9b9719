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
