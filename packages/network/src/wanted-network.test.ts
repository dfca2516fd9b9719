import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@bakehouse/base';
import type { PolicyChange, PolicyNic } from '@bakehouse/domain';
import { expect, onTestFinished, test } from 'vitest';
import { networkNames } from './network-names.ts';
import { type NetworkRecords, networkRecords } from './network-records.ts';
import { sampleNic } from './testing/sample-nic.ts';
import { WantedNetwork } from './wanted-network.ts';

async function someRecords(): Promise<NetworkRecords> {
  const directory = await mkdtemp(join(tmpdir(), 'bakehouse-wanted-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return networkRecords(networkNames('bh-test', directory));
}

/** Opened over these records, with what it logged. */
async function opened(records: NetworkRecords) {
  const logged: string[] = [];
  const logger: Logger = { ...silentLogger, log: (_, message) => logged.push(message) };
  const wanted = new WantedNetwork(records, logger);
  await wanted.load();
  return { wanted, logged };
}

const [source, target] = [sampleNic(10), sampleNic(11)];

function policyOf({ nicId, vpcId, privateIp }: typeof source, publicIp?: string): PolicyNic {
  const address = { privateIp, ...(publicIp !== undefined && { publicIp }) };
  return { nicId, vpcId, groupIds: [], addresses: [address], sourceDestCheck: true };
}

const changeOf = (...nics: readonly PolicyNic[]): PolicyChange => ({
  nics: new Map(nics.map((nic) => [nic.nicId, nic])),
  groups: new Map([['sg-1', []]]),
  vpcs: new Map(),
});

function keep({ wanted }: { wanted: WantedNetwork }, change: PolicyChange): Promise<void> {
  wanted.note(change);
  return wanted.keep();
}

test('opens after a kill in the middle of a move of a public address, until the policy comes again', async () => {
  const records = await someRecords();
  const before = await opened(records);
  await keep(before, changeOf(policyOf(source, '127.18.0.5'), policyOf(target)));
  const moved = changeOf(policyOf(target, '127.18.0.5'), policyOf(source));
  // Killed after the first file.
  await records.savePolicyNic(target.nicId, moved.nics.get(target.nicId));

  const { wanted, logged } = await opened(records);
  expect(logged).toEqual(['cannot apply the recorded policy of a NIC']);
  expect(wanted.policy.nics.size).toBe(1);
  expect([...wanted.policy.groups.keys()]).toEqual(['sg-1']);
  const nics = [...moved.nics.values()].filter((nic) => nic !== undefined);
  const change = wanted.changeTo({ nics, groups: [{ groupId: 'sg-1', rules: [] }], vpcs: [] });
  wanted.changePolicy(change);
  await keep({ wanted }, change);

  const next = await opened(records);
  expect(next.logged).toEqual([]);
  expect(next.wanted.policy.nics).toEqual(moved.nics);
});

test('what could not be applied is not recorded any longer, also when no policy names it again', async () => {
  const records = await someRecords();
  const before = await opened(records);
  await keep(before, changeOf(policyOf(source, '127.18.0.5'), policyOf(target, '127.18.0.5')));
  const { wanted } = await opened(records);
  await keep({ wanted }, wanted.changeTo({ nics: [], groups: [], vpcs: [] }));
  expect((await records.load()).policy).toEqual({ nics: [], groups: [], vpcs: [] });
});

test('what the disk was too full for is written at the next change or repair, with its last content', async () => {
  const records = await someRecords();
  let isFull = false;
  const full: NetworkRecords = {
    ...records,
    savePolicyGroup: async (id, group) => {
      if (isFull) throw new Error('ENOSPC: no space left on device');
      await records.savePolicyGroup(id, group);
    },
  };
  const { wanted } = await opened(full);
  const rulesOf = async () => (await records.load()).policy.groups.map(({ rules }) => rules);
  const ssh = { direction: 'ingress', protocol: 'tcp', fromPort: 22, toPort: 22 } as const;
  const rule = { ...ssh, peer: { kind: 'cidr', cidr: '0.0.0.0/0' } } as const;
  const changeTo = (rules: readonly (typeof rule)[]) => {
    const change = { ...changeOf(), groups: new Map([['sg-1', rules] as const]) };
    wanted.changePolicy(change);
    return keep({ wanted }, change);
  };
  await changeTo([rule]);
  isFull = true;
  await expect(changeTo([])).rejects.toThrow('ENOSPC');
  expect(await rulesOf()).toEqual([[rule]]);
  isFull = false;
  await keep({ wanted }, { ...changeOf(policyOf(source)), groups: new Map() });
  expect(await rulesOf()).toEqual([[]]);
  expect((await records.load()).policy.nics).toEqual([policyOf(source)]);

  isFull = true;
  await expect(changeTo([rule])).rejects.toThrow('ENOSPC');
  await expect(changeTo([rule, rule])).rejects.toThrow('ENOSPC');
  await expect(wanted.keep()).rejects.toThrow('ENOSPC');
  isFull = false;
  await wanted.keep();
  expect(await rulesOf()).toEqual([[rule, rule]]);
});
