import { type Nic, type PolicyChange, type PolicyNic, PolicyRefusedError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { changeParts, makeEach } from './change-parts.ts';
import { checkPolicyNic } from './check-nic.ts';
import { MutablePolicy } from './network-state.ts';
import { sampleNic } from './testing/sample-nic.ts';

const here = { ...sampleNic(10), guestNumber: 1 };
const there = { ...sampleNic(11), vpcId: 'vpc-00000000000000009', guestNumber: 2 } as const;
/** Of a stopped instance. */
const unplugged = sampleNic(12, { vpcId: 'vpc-00000000000000008' });
const nics = new Map([here, there].map((nic) => [nic.nicId as string, nic]));

function policyOf({ nicId, vpcId, privateIp }: Nic, publicIp?: string): PolicyNic {
  const address = { privateIp, ...(publicIp !== undefined && { publicIp }) };
  const groupIds = [`sg-${nicId}`] as const;
  return { nicId, vpcId, groupIds, addresses: [address], sourceDestCheck: true };
}

const changeOf = (...changed: readonly PolicyNic[]): PolicyChange => ({
  nics: new Map(changed.map((nic) => [nic.nicId, nic])),
  groups: new Map(changed.flatMap(({ groupIds }) => groupIds.map((id) => [id, []] as const))),
  vpcs: new Map(),
});

/** What each part of a change names. */
const namesOf = (change: PolicyChange, policy = new MutablePolicy()) =>
  [...changeParts(change, { nics, policy })].map(([vpcId, part]) => [
    vpcId,
    ...[part.nics, part.groups, part.vpcs].flatMap((each) => [...each.keys()]),
  ]);

test('a change has a part for each VPC, plugged or not, and one for what is of none', () => {
  const all = [here, there, unplugged];
  const changed = changeOf(...all.map((nic) => policyOf(nic)));
  const vpcIds = [...all.map(({ vpcId }) => vpcId), 'vpc-of-no-nic'] as const;
  const change = {
    nics: new Map([...changed.nics, ['eni-unknown', undefined] as const]),
    groups: new Map([...changed.groups, ['sg-unused', []] as const]),
    vpcs: new Map(vpcIds.map((vpcId) => [vpcId, undefined])),
  };
  expect(namesOf(change)).toEqual([
    ...all.map(({ vpcId, nicId }) => [vpcId, nicId, `sg-${nicId}`, vpcId]),
    [undefined, 'eni-unknown', 'sg-unused'],
    ['vpc-of-no-nic', 'vpc-of-no-nic'],
  ]);
});

test('what leaves the policy leaves it with its VPC', () => {
  const policy = new MutablePolicy();
  policy.apply(changeOf(policyOf(unplugged)));
  const gone = {
    nics: new Map([unplugged, here].map(({ nicId }) => [nicId, undefined])),
    groups: new Map([[`sg-${unplugged.nicId}` as const, undefined]]),
    vpcs: new Map(),
  };
  expect(namesOf(gone, policy)).toEqual([
    [unplugged.vpcId, unplugged.nicId, `sg-${unplugged.nicId}`],
    [here.vpcId, here.nicId],
  ]);
});

test('an address moves from one part to another, in whichever order they come', async () => {
  const address = '127.18.0.5';
  for (const order of [
    [here, there],
    [there, here],
  ] as const) {
    const policy = new MutablePolicy();
    policy.apply(changeOf(policyOf(here, address), policyOf(there)));
    const moved = changeOf(
      ...order.map((nic) => policyOf(nic, nic === there ? address : undefined)),
    );
    const parts = changeParts(moved, { nics, policy });
    expect(parts.size).toBe(2);
    await makeEach(parts, async (part) => void policy.apply(part));
    expect(policy.nics).toEqual(new Map(moved.nics));
  }
});

test('what cannot be made is reported by its VPC, and keeps nothing else from being made', async () => {
  const made: PolicyChange[] = [];
  const partOf = (nic: Nic) => changeOf(policyOf(nic));
  const [good, bad, rest] = [partOf(here), partOf(there), partOf(unplugged)];
  const make = async (part: PolicyChange) => {
    if (part !== good) throw new Error(`refused ${[...part.nics.keys()]}`);
    made.push(part);
  };
  const ofVpcs = new Map([
    [here.vpcId, good],
    [there.vpcId, bad],
  ]);
  const refusal = await makeEach(ofVpcs, make).catch((error: unknown) => error);
  expect(made).toEqual([good]);
  expect(refusal).toBeInstanceOf(PolicyRefusedError);
  expect(refusal).toMatchObject({
    vpcIds: new Set([there.vpcId]),
    message: `the policy of ${there.vpcId} is refused: Error: refused ${there.nicId}`,
    cause: { message: `refused ${there.nicId}` },
  });
  // Of which VPC the rest is, nobody knows.
  const all = new Map([...ofVpcs, [undefined, rest] as const]);
  const unnamed = await makeEach(all, make).catch((error: unknown) => error);
  expect(unnamed).toEqual(new Error(`refused ${unplugged.nicId}`));
});

test('an address that a refused VPC keeps holds up the VPC that it goes to, plugged or not, and no other', async () => {
  const address = '127.18.0.5';
  const policy = new MutablePolicy();
  policy.apply(changeOf(policyOf(here, address), policyOf(there), policyOf(unplugged)));
  const change = changeOf(
    policyOf(here),
    policyOf(unplugged, address),
    policyOf(there, '127.18.0.6'),
  );
  const make = async (part: PolicyChange) => {
    if (part.nics.has(here.nicId)) throw new Error('nft failed');
    policy.apply(part);
  };
  const refusal = makeEach(changeParts(change, { nics, policy }), make);
  await expect(refusal).rejects.toMatchObject({
    vpcIds: new Set([here.vpcId, unplugged.vpcId]),
  });
  expect(policy.nics.get(there.nicId)).toEqual(policyOf(there, '127.18.0.6'));
});

test('an address of an earlier pool is refused of its VPC, also where the instance is stopped', async () => {
  const addressing = planAddressing('127.19.0.0/16');
  const change = changeOf(policyOf(unplugged, '127.18.0.5'), policyOf(here, '127.19.0.5'));
  const make = async (part: PolicyChange) => {
    for (const nic of part.nics.values()) if (nic) checkPolicyNic(nic, addressing);
  };
  const parts = changeParts(change, { nics, policy: new MutablePolicy() });
  const refusal = makeEach(parts, make);
  await expect(refusal).rejects.toMatchObject({ vpcIds: new Set([unplugged.vpcId]) });
});
