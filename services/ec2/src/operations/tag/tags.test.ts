import { describe, expect, test } from 'vitest';
import { type TestContext, testContext } from '../../testing/test-context.ts';

async function defaultVpcId({ call }: TestContext): Promise<string> {
  const { Vpcs } = await call('DescribeVpcs', {});
  return Vpcs?.[0]?.VpcId ?? '';
}

async function vpcTags({ call }: TestContext) {
  const { Vpcs } = await call('DescribeVpcs', {});
  return Vpcs?.[0]?.Tags ?? [];
}

/** One of each kind that a user can make or have, by id. */
async function everyKind(context: TestContext): Promise<readonly string[]> {
  const { call, addImage, settle, read } = context;
  const { id: ImageId } = await addImage();
  const launch = { ImageId, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' as const };
  await call('RunInstances', launch);
  await settle();
  await call('CreateKeyPair', { KeyName: 'k', KeyType: 'ed25519' });
  const kinds = [
    'image',
    'snapshot',
    'volume',
    'instance',
    'networkInterface',
    'vpc',
    'subnet',
    'internetGateway',
    'routeTable',
    'networkAcl',
    'dhcpOptions',
    'securityGroup',
    'securityGroupRule',
    'keyPair',
  ] as const;
  const ids: string[] = [];
  for (const kind of kinds) {
    const [record] = await read((reader) => reader.list(kind, { region: 'us-east-1' }));
    ids.push(record?.id ?? '');
  }
  return ids;
}

describe('CreateTags', () => {
  test.each([
    ['i-0000000000000000f', 'InvalidInstanceID.NotFound'],
    ['ami-xyz', 'InvalidAMIID.Malformed'],
    ['sg-00000000', 'InvalidGroup.NotFound'],
    ['igw-0000000000000000f', 'InvalidInternetGatewayID.NotFound'],
    ['rtb-1', 'InvalidRouteTableId.Malformed'],
    ['key-0000000000000000f', 'InvalidKeyPair.NotFound'],
    ['lt-0000000000000000f', 'InvalidLaunchTemplateId.NotFound'],
    ['not-an-id', 'InvalidID'],
  ])('puts no tag on any resource when %s returns %s', async (id, code) => {
    const context = await testContext();
    const vpcId = await defaultVpcId(context);
    const request = { Resources: [vpcId, id], Tags: [{ Key: 'team', Value: 'images' }] };
    await expect(context.call('CreateTags', request)).rejects.toMatchObject({ code });
    expect(await vpcTags(context)).toEqual([]);
  });

  test('tags each kind of resource, which DescribeTags then lists by its type', async () => {
    const context = await testContext();
    const ids = await everyKind(context);
    const Tags = [{ Key: 'team', Value: 'images' }];
    await context.call('CreateTags', { Resources: [...ids], Tags });
    const { Tags: rows = [] } = await context.call('DescribeTags', {});
    expect(rows.map((row) => row.ResourceId)).toEqual([...ids].sort());
    for (const { ResourceType: type = 'image', ResourceId: id } of rows) {
      const Filters = [{ Name: 'resource-type', Values: [type] }];
      const { Tags: ofType } = await context.call('DescribeTags', { Filters });
      expect(ofType).toEqual([{ ...Tags[0], ResourceId: id, ResourceType: type }]);
    }
  });

  test('replaces the value of a key, and counts at most 50 keys', async () => {
    const context = await testContext();
    const Resources = [await defaultVpcId(context)];
    const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: 'a' }));
    await context.call('CreateTags', { Resources, Tags: many });
    await context.call('CreateTags', { Resources, Tags: [{ Key: 'k0', Value: 'b' }] });
    expect(await vpcTags(context)).toContainEqual({ Key: 'k0', Value: 'b' });
    const oneMore = { Resources, Tags: [{ Key: 'k50' }] };
    await expect(context.call('CreateTags', oneMore)).rejects.toMatchObject({
      code: 'TagLimitExceeded',
    });
  });

  test('takes keys of 128 and values of 256 Unicode characters, and no longer ones', async () => {
    const context = await testContext();
    const Resources = [await defaultVpcId(context)];
    const tag = { Key: '\u{1F352}'.repeat(128), Value: '\u{1F35E}'.repeat(256) };
    await context.call('CreateTags', { Resources, Tags: [tag] });
    expect(await vpcTags(context)).toContainEqual(tag);
    const longer = { Key: 'a', Value: 'x'.repeat(257) };
    await expect(context.call('CreateTags', { Resources, Tags: [longer] })).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: 'Tag value exceeds the maximum length of 256 characters',
    });
  });

  test.each([
    ['aws:name', 'InvalidParameterValue'],
    ['x'.repeat(129), 'InvalidParameterValue'],
    ['', 'MissingParameter'],
  ])('refuses the key %s', async (Key, code) => {
    const context = await testContext();
    const request = { Resources: [await defaultVpcId(context)], Tags: [{ Key, Value: 'x' }] };
    await expect(context.call('CreateTags', request)).rejects.toMatchObject({ code });
  });

  test("does not reach another account's or region's resources", async () => {
    const context = await testContext();
    const request = { Resources: [await defaultVpcId(context)], Tags: [{ Key: 'a', Value: 'b' }] };
    for (const scope of [{ accountId: '210987654321' }, { region: 'us-west-2' }]) {
      const code = 'InvalidVpcID.NotFound';
      await expect(context.call('CreateTags', request, scope)).rejects.toMatchObject({ code });
    }
  });
});

describe('DeleteTags', () => {
  const before = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
    { Key: 'c', Value: '' },
  ];

  test.each([
    ['by key', [{ Key: 'a' }], ['b', 'c']],
    ['by key and value', [{ Key: 'a', Value: '1' }], ['b', 'c']],
    ['not with another value', [{ Key: 'a', Value: '2' }], ['a', 'b', 'c']],
    ['with an empty value only where it is empty', [{ Key: 'a', Value: '' }], ['a', 'b', 'c']],
    ['with an empty value', [{ Key: 'c', Value: '' }], ['a', 'b']],
    ['not what is not there', [{ Key: 'z' }], ['a', 'b', 'c']],
    ['all when none is named', undefined, []],
  ])('deletes %s', async (_, Tags, left) => {
    const context = await testContext();
    const Resources = [await defaultVpcId(context)];
    await context.call('CreateTags', { Resources, Tags: before });
    await context.call('DeleteTags', { Resources, ...(Tags ? { Tags } : {}) });
    expect((await vpcTags(context)).map((tag) => tag.Key)).toEqual(left);
  });
});

describe('DescribeTags', () => {
  test('filters by key, value, resource and tag:KEY, and pages', async () => {
    const context = await testContext();
    const { Subnets = [] } = await context.call('DescribeSubnets', {});
    const ids = Subnets.map((subnet) => subnet.SubnetId ?? '');
    for (const [index, id] of ids.entries()) {
      const Tags = [
        { Key: 'index', Value: `${index}` },
        { Key: 'parity', Value: index % 2 ? 'odd' : 'even' },
      ];
      await context.call('CreateTags', { Resources: [id], Tags });
    }
    const count = async (Name: string, ...Values: string[]) =>
      (await context.call('DescribeTags', { Filters: [{ Name, Values }] })).Tags?.length;
    expect(await count('key', 'index')).toBe(6);
    expect(await count('value', 'odd', '0')).toBe(4);
    expect(await count('tag:parity', 'e*')).toBe(3);
    expect(await count('resource-id', ids[0] ?? '')).toBe(2);
    expect(await count('resource-type', 'vpc')).toBe(0);

    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const paged = { MaxResults: 5, ...(NextToken ? { NextToken } : {}) };
      const answer = await context.call('DescribeTags', paged);
      seen.push(...(answer.Tags ?? []).map((tag) => `${tag.ResourceId} ${tag.Key}`));
      NextToken = answer.NextToken;
    } while (NextToken);
    expect(seen).toHaveLength(12);
    expect(new Set(seen).size).toBe(12);
  });
});

describe('an instance that shows its tags in its metadata', () => {
  async function launched(context: TestContext, settled: boolean): Promise<string> {
    const { id: ImageId } = await context.addImage();
    const { Instances } = await context.call('RunInstances', {
      ImageId,
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      MetadataOptions: { InstanceMetadataTags: 'enabled' },
    });
    if (settled) await context.settle();
    return Instances?.[0]?.InstanceId ?? '';
  }

  test.each([
    ['running', true],
    ['still pending', false],
  ])('sees what is changed while it is %s', async (_, settled) => {
    const context = await testContext();
    const id = await launched(context, settled);
    const Tags = [{ Key: 'Name', Value: 'web' }];
    await context.call('CreateTags', { Resources: [id], Tags });
    await context.settle();
    const published = () => context.drivers.publisher.read(id as `i-${string}`)?.tags;
    expect(published()).toEqual({ Name: 'web' });
    await context.call('DeleteTags', { Resources: [id] });
    await context.settle();
    expect(published()).toEqual({});
  });

  test('takes no key that has no path in the metadata tree', async () => {
    const context = await testContext();
    const id = await launched(context, true);
    for (const Key of ['a b', 'a/b', '..', '_index']) {
      const request = { Resources: [id], Tags: [{ Key, Value: 'x' }] };
      const code = 'InvalidParameterValue';
      await expect(context.call('CreateTags', request)).rejects.toMatchObject({ code });
    }
  });
});
