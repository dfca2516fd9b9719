import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { networkNames, tapName, vpcNames } from '../src/network-names.ts';
import { type TestPlatform, testPlatform } from './test-platform.ts';

const holder = fileURLToPath(new URL('./tap-holder.py', import.meta.url));

let platform: TestPlatform;
beforeEach(async () => {
  platform = await testPlatform();
});
afterEach(() => platform.dispose());

/** A port as the release before made it: in the one namespace of the platform, with a record without a VPC. */
async function earlierPort(index: number): Promise<string> {
  const { name, directory } = platform.options;
  const { vpcId: _, ...nic } = platform.nic(index);
  const device = tapName(nic.nicId);
  await platform.run(['ip', '-n', name, 'tuntap', 'add', 'dev', device, 'mode', 'tap', 'vnet_hdr']);
  await platform.run(['ip', '-n', name, 'link', 'set', device, 'up']);
  const { nicDirectory } = networkNames(name, directory);
  await mkdir(nicDirectory, { recursive: true });
  await writeFile(join(nicDirectory, `${nic.nicId}.json`), JSON.stringify(nic));
  return device;
}

test('a port of the release before moves to its VPC while its machine has it open', async () => {
  const { name, directory } = platform.options;
  const { earlierPolicyFile, runtimeDirectory } = networkNames(name, directory);
  await platform.run(['ip', 'netns', 'add', name]);
  const [held, unused] = [await earlierPort(10), await earlierPort(11)];
  await writeFile(earlierPolicyFile, '{"nics":[],"groups":[]}');
  await mkdir(runtimeDirectory, { recursive: true });
  await writeFile(join(runtimeDirectory, 'hosts'), '');
  const machine = spawn('/usr/bin/python3', [holder, name, held], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void machine.kill('SIGKILL'));
  const lines = createInterface(machine.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');

  const network = new LinuxNetwork(platform.options);
  await network.open();
  // The control plane plugs it, as it is not listed.
  expect(await network.list()).toEqual([]);
  const links = await platform.run(['ip', '-n', name, 'link', 'show']);
  expect(links).toContain(held);
  expect(links).not.toContain(unused);
  const nic = platform.nic(10);
  const { namespace } = vpcNames(networkNames(name, directory), nic.vpcId);
  expect(await network.plug(nic)).toBe(`${namespace}/${held}`);
  expect(await network.isReachable(nic.nicId)).toBe(false);
  expect((await lines.next()).value).toBe(`asked for ${nic.privateIp}`);
  expect(await network.repair()).toEqual([]);
  expect(await readdir(runtimeDirectory)).toEqual([nic.vpcId]);
});
