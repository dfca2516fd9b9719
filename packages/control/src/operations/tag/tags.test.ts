import { expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

async function defaultVpc({ call }: Awaited<ReturnType<typeof testContext>>): Promise<string> {
  const { Vpcs } = await call('DescribeVpcs', {});
  return Vpcs?.[0]?.VpcId ?? '';
}

test('tags are put on all the resources or on none', async () => {
  const context = await testContext();
  const vpcId = await defaultVpc(context);
  const Tags = [{ Key: 'team', Value: 'images' }];
  const bad = ['i-0000000000000000f', 'not-an-id', 'ami-xyz', 'key-0000000000000000f'];
  for (const id of bad) {
    await expect(context.call('CreateTags', { Resources: [vpcId, id], Tags })).rejects.toThrow();
    const { Vpcs } = await context.call('DescribeVpcs', {});
    expect(Vpcs?.[0]?.Tags).toEqual([]);
  }
  await context.call('CreateTags', { Resources: [vpcId], Tags });
  const { Vpcs } = await context.call('DescribeVpcs', {
    Filters: [{ Name: 'tag:team', Values: ['im*'] }],
  });
  expect(Vpcs?.[0]?.Tags).toEqual(Tags);
});
