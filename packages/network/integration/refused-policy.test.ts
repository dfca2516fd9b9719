import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyChange, PolicyNic } from '@bakehouse/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinuxNetwork } from '../src/linux-network.ts';
import { networkNames, vpcNames } from '../src/network-names.ts';
import { endConversations } from './talk.ts';
import {
  type Guest,
  groupId,
  openVpc,
  policyNic,
  policyOf,
  serveSsh,
  ssh,
  sshIn,
  type TestPlatform,
  testPlatform,
} from './test-platform.ts';

let platform: TestPlatform;
beforeEach(async () => {
  platform = await testPlatform();
  await platform.network.open();
});
afterEach(async () => {
  endConversations();
  await platform.dispose();
});

const names = () => networkNames(platform.options.name, platform.directory);
const nicFile = ({ nic }: Pick<Guest, 'nic'>) =>
  join(names().policyDirectory, 'nics', `${nic.nicId}.json`);

test('opens with nothing passing when the recorded policy cannot be applied', async () => {
  const guest = await platform.guest(platform.nic(10));
  await serveSsh(guest);
  const policy = policyOf([[guest, [sshIn]]]);
  await platform.network.applyPolicy(policy);
  const text = await readFile(nicFile(guest), 'utf8');
  await writeFile(nicFile(guest), text.replaceAll('sg-0', 'sg-x'));
  const second = platform.reopened();
  await second.open();
  expect(platform.logged).toHaveLength(1);
  expect(await ssh(guest)).toMatch(/^failed/);
  await second.plug(platform.nic(10));
  await second.applyPolicy(policy);
  expect(await ssh(guest)).toMatch(/^heard/);
});

/** A network that is closed because nft refused the recorded policy while `repair` made the link again. */
async function closedByRelink() {
  const guest = await platform.guest(platform.nic(10));
  await serveSsh(guest);
  await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
  /** A refused batch has the text `refused` in it. */
  const nft: { isRefusing: boolean; refused: string } = { isRefusing: false, refused: groupId(0) };
  const isRefused = (argv: readonly string[], input = '') =>
    nft.isRefusing && argv.includes('nft') && input.includes(nft.refused);
  const network = new LinuxNetwork(platform.options, {
    device: platform.device,
    run: (argv, input) => platform.run(argv, isRefused(argv, input) ? 'add nonsense' : input),
  });
  await network.open();
  await platform.run(['ip', 'link', 'delete', names().hostLink]);
  nft.isRefusing = true;
  expect(await network.repair()).toMatchObject([{ part: 'link' }]);
  expect(await ssh(guest)).toMatch(/^failed/);
  return { guest, network, nft };
}

const filtersReplaced = [{ part: 'filters', how: 'replaced' }];

test('a change of the policy brings back what nft refused while the link was made again', async () => {
  const { guest, network, nft } = await closedByRelink();
  nft.isRefusing = false;
  const groups = new Map([[groupId(7), []]]);
  await network.changePolicy({ nics: new Map(), groups, vpcs: new Map() });
  expect(await ssh(guest)).toMatch(/^heard/);
});

test('a VPC that is closed keeps no other from changing, and refuses changes of its own', async () => {
  const { guest, network, nft } = await closedByRelink();
  const otherNic = platform.nic(11, { vpcId: 'vpc-0123456789abcdef9' });
  const other = await platform.guestOf(otherNic, network);
  await serveSsh(other);
  const logged = platform.logged.length;
  await network.changePolicy({
    nics: new Map([[otherNic.nicId, policyNic(otherNic, { groupIds: [groupId(1)] })]]),
    groups: new Map([[groupId(1), [sshIn]]]),
    vpcs: new Map([[otherNic.vpcId, openVpc([otherNic])]]),
  });
  expect(await ssh(other)).toMatch(/^heard/);
  expect(await ssh(guest)).toMatch(/^failed/);
  expect(platform.logged.slice(logged)).toMatchObject([{ vpcId: guest.nic.vpcId }]);
  const own = policyNic(guest.nic, { groupIds: [groupId(0), groupId(1)] });
  const nics = new Map([[own.nicId, own]]);
  const change = { nics, groups: new Map(), vpcs: new Map() };
  await expect(network.changePolicy(change)).rejects.toThrow('nft');
  nft.isRefusing = false;
  expect(await network.repair()).toMatchObject(filtersReplaced);
  expect(await ssh(guest)).toMatch(/^heard/);
});

test('the next repair brings back what nft refused while the link was made again', async () => {
  const { guest, network, nft } = await closedByRelink();
  await expect(network.repair()).rejects.toThrow('nft');
  expect(await ssh(guest)).toMatch(/^failed/);
  nft.isRefusing = false;
  expect(await network.repair()).toMatchObject(filtersReplaced);
  expect(await ssh(guest)).toMatch(/^heard/);
  expect(await network.repair()).toEqual([]);
});

test('a repair that makes the link again brings back what nft refused before', async () => {
  const { guest, network, nft } = await closedByRelink();
  await platform.run(['ip', 'link', 'delete', names().hostLink]);
  nft.isRefusing = false;
  expect(await network.repair()).toMatchObject([{ part: 'link' }]);
  expect(await ssh(guest)).toMatch(/^heard/);
});

test('nothing passes where the filters were flushed and nft refuses the policy', async () => {
  const { guest, network, nft } = await closedByRelink();
  const inside = (...command: string[]) =>
    platform.run([...platform.enterVpc(guest.nic), 'nft', ...command]);
  const closed = await inside('list', 'ruleset');
  const flush = async () => {
    await inside('flush', 'ruleset');
    await expect(network.repair()).rejects.toThrow('nft');
    expect(await inside('list', 'ruleset')).toBe(closed);
  };
  await flush();
  nft.isRefusing = false;
  expect(await network.repair()).toMatchObject(filtersReplaced);
  nft.isRefusing = true;
  await flush();
  nft.isRefusing = false;
  expect(await network.repair()).toMatchObject(filtersReplaced);
  expect(await ssh(guest)).toMatch(/^heard/);
});

test('when nft refuses even the rules that let nothing pass, both refusals are reported', async () => {
  const { guest, network, nft } = await closedByRelink();
  await platform.run([...platform.enterVpc(guest.nic), 'nft', 'flush', 'ruleset']);
  nft.refused = ''; // All batches.
  await expect(network.repair()).rejects.toMatchObject({
    errors: [
      { message: expect.stringContaining('nft') },
      { message: expect.stringContaining('nft') },
    ],
  });
  nft.isRefusing = false;
  expect(await network.repair()).toMatchObject(filtersReplaced);
});

test('keeps the policy in force, on disk too, when nft refuses another', async () => {
  const guest = await platform.guest(platform.nic(10));
  await serveSsh(guest);
  await platform.network.applyPolicy(policyOf([[guest, [sshIn]]]));
  const before = await readFile(nicFile(guest), 'utf8');
  const refusing = new LinuxNetwork(platform.options, {
    device: platform.device,
    run: (argv, input) => platform.run(argv, input?.includes(groupId(7)) ? 'add nonsense' : input),
  });
  await refusing.open();
  const nics = [policyNic(guest.nic, { groupIds: [groupId(7)] })];
  const other = { ...policyOf([[guest, []]]), nics };
  await expect(refusing.applyPolicy(other)).rejects.toThrow('nft');
  expect(await readFile(nicFile(guest), 'utf8')).toBe(before);
  await refusing.plug(guest.nic);
  expect(await ssh(guest)).toMatch(/^heard/);
  await platform.reopened().open();
  expect(await ssh(guest)).toMatch(/^heard/);
});

test('a plug into a new VPC whose policy nft refuses is rejected, and its undoing leaves nothing', async () => {
  let isRefusing = true;
  const network = new LinuxNetwork(platform.options, {
    device: platform.device,
    run: (argv, input) =>
      platform.run(argv, isRefusing && input?.includes(groupId(0)) ? 'add nonsense' : input),
  });
  await network.open();
  const nic = platform.nic(10);
  const nics = [policyNic(nic, { groupIds: [groupId(0)] })];
  await network.applyPolicy({
    nics,
    groups: [{ groupId: groupId(0), rules: [sshIn] }],
    vpcs: [openVpc([nic])],
  });
  await expect(platform.guestOf(nic, network)).rejects.toThrow('nft refuses the policy of vpc-');
  await network.unplug(nic.nicId);
  expect(await network.list()).toEqual([]);
  const { namespace } = vpcNames(names(), nic.vpcId);
  expect(await platform.run(['ip', 'netns', 'list'])).not.toContain(namespace);
  isRefusing = false;
  await network.plug(nic);
  expect(await network.repair()).toEqual([]);
});

test('a refused change of one VPC keeps no other from changing at the same time', async () => {
  const network = new LinuxNetwork(platform.options, {
    device: platform.device,
    run: (argv, input) => platform.run(argv, input?.includes(groupId(7)) ? 'add nonsense' : input),
  });
  await network.open();
  const refused = await platform.guestOf(platform.nic(10), network);
  const otherNic = platform.nic(11, { vpcId: 'vpc-0123456789abcdef9' });
  const other = await platform.guestOf(otherNic, network);
  const guests = [refused, other];
  await Promise.all(guests.map(serveSsh));
  await network.applyPolicy(policyOf(guests.map((guest) => [guest, []])));
  const before = await readFile(nicFile(refused), 'utf8');
  const open = policyOf(guests.map((guest) => [guest, [sshIn]]));
  const bad = policyNic(refused.nic, { groupIds: [groupId(0), groupId(7)] });
  const nics = open.nics.map((nic) => (nic.nicId === bad.nicId ? bad : nic));
  const refusal = await network.applyPolicy({ ...open, nics }).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ vpcIds: new Set([refused.nic.vpcId]) });
  expect(String(refusal)).toContain('nft');
  const heard = async () => (await Promise.all(guests.map(ssh))).map((line) => /^heard/.test(line));
  expect(await heard()).toEqual([false, true]);
  expect(await readFile(nicFile(refused), 'utf8')).toBe(before);
  await platform.reopened().open();
  expect(await heard()).toEqual([false, true]);
  await network.applyPolicy(open);
  expect(await heard()).toEqual([true, true]);
});

/** Two guests whose policy may change, one in a VPC of which nft refuses group 7, and the NIC of a stopped instance. */
async function besideStopped() {
  const network = new LinuxNetwork(platform.options, {
    device: platform.device,
    run: (argv, input) => platform.run(argv, input?.includes(groupId(7)) ? 'add nonsense' : input),
  });
  await network.open();
  const guest = await platform.guestOf(platform.nic(10), network);
  const other = await platform.guestOf(
    platform.nic(11, { vpcId: 'vpc-0123456789abcdef9' }),
    network,
  );
  const stopped = platform.nic(12, { vpcId: 'vpc-0123456789abcdef8' });
  await serveSsh(other);
  const closed = policyOf([
    [guest, []],
    [other, []],
  ]);
  const vpcs = [...closed.vpcs, openVpc([stopped])];
  await network.applyPolicy({ ...closed, vpcs, nics: [...closed.nics, policyNic(stopped)] });
  /** Also opens the other guest. */
  const changeWith = (...nics: readonly PolicyNic[]): PolicyChange => ({
    nics: new Map(nics.map((nic) => [nic.nicId, nic])),
    groups: new Map([[groupId(1), [sshIn]]]),
    vpcs: new Map(),
  });
  return { network, guest, other, stopped, changeWith };
}

test('an address that goes from a refused VPC to a stopped instance keeps no other VPC from changing', async () => {
  const { network, guest, other, stopped, changeWith } = await besideStopped();
  const { publicIp = '', ...bare } = guest.nic;
  const moved = policyNic({ ...stopped, publicIp });
  const refused = policyNic(bare, { groupIds: [groupId(0), groupId(7)] });
  await expect(network.changePolicy(changeWith(refused, moved))).rejects.toMatchObject({
    vpcIds: new Set([guest.nic.vpcId, stopped.vpcId]),
  });
  expect(await ssh(other)).toMatch(/^heard/);
  const accepted = policyNic(bare, { groupIds: [groupId(0)] });
  await network.changePolicy(changeWith(accepted, moved));
  expect(JSON.parse(await readFile(nicFile({ nic: stopped }), 'utf8'))).toEqual(moved);
});

test('an address of an earlier pool that a stopped instance has keeps no other VPC from changing', async () => {
  const { network, other, stopped, changeWith } = await besideStopped();
  const earlier = policyNic({ ...stopped, publicIp: '127.0.0.9' }, { groupIds: [groupId(0)] });
  const change = changeWith(earlier);
  await expect(network.changePolicy(change)).rejects.toMatchObject({
    vpcIds: new Set([stopped.vpcId]),
  });
  expect(await ssh(other)).toMatch(/^heard/);
  // Alone, too.
  await expect(network.changePolicy({ ...change, groups: new Map() })).rejects.toMatchObject({
    vpcIds: new Set([stopped.vpcId]),
  });
});
