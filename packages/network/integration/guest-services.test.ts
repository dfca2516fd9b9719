import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Guest, policyOf, type TestPlatform, testPlatform } from './test-platform.ts';

let platform: TestPlatform;
let guest: Guest;
let script: string;

beforeAll(async () => {
  platform = await testPlatform();
  await platform.network.open();
  guest = await platform.bareGuest(platform.nic(10));
  await platform.network.applyPolicy(policyOf([[guest, []]]));
  script = join(platform.directory, 'print-lease');
  await writeFile(script, '#!/bin/sh\n[ "$1" = bound ] && env\nexit 0\n');
  await chmod(script, 0o755);
});

afterAll(() => platform?.dispose());

/** What a real client received. */
async function lease({ enter }: Guest): Promise<Record<string, string>> {
  const client = ['busybox', 'udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-t', '4', '-T', '1'];
  const output = await platform.run([...enter, ...client, '-s', script]);
  const pairs = output.split('\n').map((line) => line.split('=', 2));
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]));
}

async function lookUp(name: string, server = '169.254.169.253', from = guest): Promise<string> {
  // Its exit status only says that there is no address; its output says why.
  const command = 'busybox nslookup -type=a "$0" "$1"; true';
  return platform.run([...from.enter, 'sh', '-c', command, name, server]);
}

describe('DHCP', () => {
  test('gives a NIC its address, mask, router, resolver, domain and name', async () => {
    expect(await lease(guest)).toMatchObject({
      ip: '172.31.0.10',
      subnet: '255.255.240.0',
      broadcast: '172.31.15.255',
      router: '172.31.0.1',
      dns: '172.31.0.2',
      domain: 'ec2.internal',
      hostname: 'ip-172-31-0-10',
      lease: '4294967295',
    });
  });

  test('gives no resolver where the VPC’s options name none', async () => {
    const policy = policyOf([[guest, []]]);
    const vpcs = policy.vpcs.map((vpc) => ({ ...vpc, dhcp: { domainNameServers: [] } }));
    await platform.network.applyPolicy({ ...policy, vpcs });
    expect(await lease(guest)).not.toHaveProperty('dns');
    await platform.network.applyPolicy(policy);
    expect(await lease(guest)).toMatchObject({ dns: '172.31.0.2' });
  });

  test('gives an address that was released to its next owner', async () => {
    const first = await platform.bareGuest(platform.nic(30));
    expect(await lease(first)).toMatchObject({ ip: '172.31.0.30' });
    await platform.network.unplug(first.nic.nicId);
    const heir = platform.nic(31, { privateIp: '172.31.0.30', publicIp: first.nic.publicIp ?? '' });
    const second = await platform.bareGuest(heir);
    expect(await lease(second)).toMatchObject({ ip: '172.31.0.30' });
  });

  test('serves another subnet with its own options', async () => {
    const other = platform.nic(40, {
      vpcId: 'vpc-0123456789abcdef9',
      subnetId: 'subnet-0123456789abcdef9',
      subnetCidr: '10.7.64.0/18',
      vpcCidr: '10.7.0.0/16',
      privateIp: '10.7.64.40',
      hostName: 'ip-10-7-64-40',
      domainName: 'us-west-2.compute.internal',
    });
    const there = await platform.bareGuest(other);
    await platform.network.applyPolicy(
      policyOf([
        [guest, []],
        [there, []],
      ]),
    );
    expect(await lease(there)).toMatchObject({
      ip: '10.7.64.40',
      subnet: '255.255.192.0',
      router: '10.7.64.1',
      dns: '10.7.0.2',
      domain: 'us-west-2.compute.internal',
    });
  });
});

describe('DNS', () => {
  let named: Guest;
  beforeAll(async () => {
    named = await platform.guest(platform.nic(50));
  });

  test.each(['169.254.169.253', '172.31.0.2'])('answers names of guests at %s', async (server) => {
    expect(await lookUp('ip-172-31-0-10.ec2.internal', server, named)).toContain('172.31.0.10');
    expect(await lookUp('instance-data.ec2.internal', server, named)).toContain('169.254.169.254');
  });

  test('answers addresses with names', async () => {
    const argv = [...named.enter, 'busybox', 'nslookup', '172.31.0.10', '169.254.169.253'];
    expect(await platform.run(argv)).toContain('ip-172-31-0-10.ec2.internal');
  });

  test('replies at once for a name that it does not know', async () => {
    expect(await lookUp('ip-172-31-0-99.ec2.internal', undefined, named)).toContain('NXDOMAIN');
    expect(await lookUp('does-not-exist.example.com', undefined, named)).toContain('REFUSED');
  });
});

test('a NIC is reachable when its guest answers ARP', async () => {
  const present = await platform.guest(platform.nic(60));
  expect(await platform.network.isReachable(present.nic.nicId)).toBe(true);
  await platform.run(['ip', '-n', present.namespace, 'link', 'set', 'eth0', 'down']);
  expect(await platform.network.isReachable(present.nic.nicId)).toBe(false);
  await platform.run(['ip', '-n', present.namespace, 'link', 'set', 'eth0', 'up']);
  // The link needs a moment to come up.
  await expect
    .poll(() => platform.network.isReachable(present.nic.nicId), { timeout: 60_000 })
    .toBe(true);
  expect(await platform.network.isReachable('eni-00000000000000abc')).toBe(false);
});
