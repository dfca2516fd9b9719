import { type PolicyChange, type PolicyNic, PolicyRefusedError } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { changeParts, makeEach } from './change-parts.ts';
import { MutablePolicy } from './network-state.ts';
import { sampleNic } from './testing/sample-nic.ts';

const here = { ...sampleNic(10), guestNumber: 1 };
const there = { ...sampleNic(11), vpcId: 'vpc-00000000000000009', guestNumber: 2 } as const;
const nowhere = sampleNic(12);
const nics = new Map([here, there].map((nic) => [nic.nicId as string, nic]));

function policyOf({ nicId, privateIp }: typeof nowhere, publicIp?: string): PolicyNic {
  const address = { privateIp, ...(publicIp !== undefined && { publicIp }) };
  return { nicId, groupIds: [`sg-${nicId}`], addresses: [address], sourceDestCheck: true };
}

const changeOf = (...changed: readonly PolicyNic[]): PolicyChange => ({
  nics: new Map(changed.map((nic) => [nic.nicId, nic])),
  groups: new Map(changed.flatMap(({ groupIds }) => groupIds.map((id) => [id, []] as const))),
  vpcs: new Map(),
});

test('a change has a part for each VPC that is here with its groups, and one for the rest', () => {
  const vpcs = [here, there, { vpcId: 'vpc-elsewhere' } as const].map(({ vpcId }) => vpcId);
  const policy = new MutablePolicy();
  const changed = changeOf(...[here, there, nowhere].map((nic) => policyOf(nic)));
  const gone = new Map(vpcs.map((vpcId) => [vpcId, undefined]));
  const parts = changeParts({ ...changed, vpcs: gone }, { nics, policy });
  expect([...parts.values()].map((part) => [...part.nics.keys()])).toEqual(
    [here, there, nowhere].map(({ nicId }) => [nicId]),
  );
  expect([...parts.values()].map((part) => [...part.groups.keys()])).toEqual(
    [here, there, nowhere].map(({ nicId }) => [`sg-${nicId}`]),
  );
  expect([...parts.values()].map((part) => [...part.vpcs.keys()])).toEqual(
    vpcs.map((vpcId) => [vpcId]),
  );
  expect([...parts.keys()]).toEqual([here.vpcId, there.vpcId, undefined]);
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
  const partOf = (nic: typeof nowhere) => changeOf(policyOf(nic));
  const [good, bad, rest] = [partOf(here), partOf(there), partOf(nowhere)];
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
  expect(unnamed).toEqual(new Error(`refused ${nowhere.nicId}`));
});
