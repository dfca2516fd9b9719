import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import { performAction, readProcess } from '@bakehouse/host';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { networkNames, vpcNames } from '../src/network-names.ts';
import { ownLeftovers, type TestPlatform, testPlatform } from './test-platform.ts';

let platform: TestPlatform;

beforeEach(async () => {
  platform = await testPlatform();
  await platform.network.open();
});

afterEach(() => platform.dispose());

const names = () => networkNames(platform.options.name, platform.directory);
const vpcOf = () => vpcNames(names(), platform.nic(10).vpcId);

test('finds what has no record, with the actions that remove it', async () => {
  await platform.bareGuest(platform.nic(10));
  expect(await ownLeftovers(platform.network)).toEqual([]);
  const { namespace } = vpcOf();
  await platform.run(['ip', '-n', namespace, 'tuntap', 'add', 'dev', 'tapstray', 'mode', 'tap']);
  await writeFile(join(names().nicDirectory, 'eni-0.json.new'), '');
  const found = await ownLeftovers(platform.network);
  expect(found.map((leftover) => leftover.kind).sort()).toEqual(['file', 'interface']);
  for (const { actions } of found) {
    for (const action of actions) await performAction(action, { clock: systemClock });
  }
  expect(await ownLeftovers(platform.network)).toEqual([]);
});

test('finds the namespace of a VPC without a record, and ends its dnsmasq with it', async () => {
  await platform.bareGuest(platform.nic(10));
  const pid = await readFile(join(vpcOf().runtimeDirectory, 'dnsmasq.pid'), 'utf8');
  await rm(join(names().nicDirectory, `${platform.nic(10).nicId}.json`));
  const [stray] = (await platform.network.leftovers()).filter(
    ({ name }) => name === vpcOf().namespace,
  );
  expect(stray).toMatchObject({ problem: expect.stringContaining('without interfaces') });
  for (const action of stray?.actions ?? []) await performAction(action, { clock: systemClock });
  expect(await readProcess(Number(pid))).toBeUndefined();
  expect(await platform.run(['ip', 'netns', 'list'])).not.toContain(vpcOf().namespace);
});

test('opening removes what has no record', async () => {
  await platform.bareGuest(platform.nic(10));
  const { namespace } = vpcOf();
  await platform.run(['ip', '-n', namespace, 'tuntap', 'add', 'dev', 'tapstray', 'mode', 'tap']);
  await writeFile(join(names().nicDirectory, 'eni-0.json.new'), '');
  await platform.reopened().open();
  expect(await ownLeftovers(platform.network)).toEqual([]);
});

test('finds the network of a data folder that was deleted, and what removes all of it', async () => {
  const gone = await testPlatform();
  onTestFinished(() => gone.dispose());
  await gone.network.open();
  const nic = gone.nic(10);
  await gone.bareGuest(nic);
  const vpc = vpcNames(networkNames(gone.options.name, gone.directory), nic.vpcId);
  const pid = await readFile(join(vpc.runtimeDirectory, 'dnsmasq.pid'), 'utf8');
  await rm(gone.directory, { recursive: true });
  const orphan = (await platform.network.leftovers()).find(
    (leftover) => leftover.name === gone.options.name,
  );
  expect(orphan).toMatchObject({
    kind: 'namespace',
    problem: expect.stringContaining(gone.directory),
  });
  for (const action of orphan?.actions ?? []) await performAction(action, { clock: systemClock });
  expect(await readProcess(Number(pid))).toBeUndefined();
  const left = (await platform.network.leftovers()).map(({ name }) => name);
  expect(left).not.toContain(gone.options.name);
  const { hostLink } = networkNames(gone.options.name, gone.directory);
  expect(await platform.run(['ip', 'link', 'show'])).not.toContain(hostLink);
});
