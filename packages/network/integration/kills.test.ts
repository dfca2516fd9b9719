import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@bakehouse/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { insideLinks } from '../src/namespace.ts';
import { networkNames, tapName, vpcNames } from '../src/network-names.ts';
import { connect, endConversations, serve } from './talk.ts';
import { ownLeftovers, policyOf, sshIn, type TestPlatform, testPlatform } from './test-platform.ts';

const program = fileURLToPath(new URL('./plug-forever.ts', import.meta.url));
const kills = 8;

let platform: TestPlatform;

beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
});

afterAll(async () => {
  endConversations();
  await platform.dispose();
});

/** Runs it for a while and kills it. Returns what it had printed as done. */
async function runAndKill(known: ReadonlySet<string>, afterLines: number, delayMs: number) {
  const { name, directory, publicCidr } = platform.options;
  const child = spawn(process.execPath, [program, name, directory, publicCidr], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const done = new Set(known);
  let last = '';
  let lines = 0;
  for await (const line of createInterface(child.stdout)) {
    const [what, nicId = ''] = line.split(' ');
    if (what === 'plugged') done.add(nicId);
    else done.delete(nicId);
    last = nicId;
    lines += 1;
    if (lines === afterLines) {
      await systemClock.sleep(delayMs);
      child.kill('SIGKILL');
    }
  }
  return { done, last };
}

test('a control plane killed at any moment leaves what it had acknowledged, and nothing more', async () => {
  const guest = await platform.guest(platform.nic(10));
  await serve({ enter: guest.enter, protocol: 'tcp', address: '0.0.0.0', port: 22 });
  await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
  const address = guest.nic.publicIp ?? '';
  const names = networkNames(platform.options.name, platform.directory);
  const client = connect({ enter: [], protocol: 'tcp', address, port: 22 });
  expect(await client.next()).toBe('connected');
  let known: ReadonlySet<string> = new Set<string>([guest.nic.nicId]);
  for (let kill = 0; kill < kills; kill++) {
    const { done, last } = await runAndKill(known, 1 + (kill % 4), kill * 7);
    const second = new LinuxNetwork(platform.options);
    await second.open();
    const listed = new Set<string>(await second.list());
    // Both outcomes are right for the call that was under way at the kill.
    const unsure = [...done.symmetricDifference(listed)];
    expect(unsure.length, `kill ${kill}, after ${last}: ${unsure}`).toBeLessThanOrEqual(1);
    const links = await insideLinks(platform.run, vpcNames(names, guest.nic.vpcId).namespace);
    const ports = [...links].filter((link) => link.startsWith('tap')).sort();
    expect(ports).toEqual((await second.list()).map(tapName).sort());
    expect(await ownLeftovers(second)).toEqual([]);
    client.say(`kill ${kill}`);
    expect(await client.next()).toMatch(new RegExp(`kill ${kill}$`));
    known = listed;
  }
});
