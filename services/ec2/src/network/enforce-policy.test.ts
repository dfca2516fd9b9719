import { expect, test } from 'vitest';
import { launched } from '../testing/launched.ts';

test('a rule whose application failed is in force a little later, without anyone calling', async () => {
  const { call, clock, drivers } = await launched();
  const network = drivers.network;
  let failures = 3;
  const applyPolicy = network.applyPolicy.bind(network);
  let applied = 0;
  const fail = () => {
    failures -= 1;
    throw new Error('nft failed');
  };
  network.changePolicy = async () => fail();
  network.applyPolicy = async (policy) => {
    if (failures > 0) fail();
    applied += 1;
    await applyPolicy(policy);
  };
  const answer = await call('AuthorizeSecurityGroupIngress', {
    GroupName: 'default',
    IpProtocol: 'tcp',
    FromPort: 22,
    ToPort: 22,
    CidrIp: '10.0.0.0/8',
  });
  expect(answer.Return).toBe(true);
  expect(applied).toBe(0);
  await clock.advanceUntil(() => applied > 0, 60_000);
});
