import { describe, expect, test } from 'vitest';
import { testContext } from '../../testing/test-context.ts';

describe('DescribeRegions', () => {
  test('lists the served regions, and with AllRegions every one of the partition', async () => {
    const { call } = await testContext();
    const { Regions } = await call('DescribeRegions', {});
    expect(Regions?.map((region) => region.RegionName)).toEqual(['us-east-1', 'us-west-2']);
    const all = (await call('DescribeRegions', { AllRegions: true })).Regions ?? [];
    expect(all.length).toBeGreaterThan(30);
    const closed = all.filter((region) => region.OptInStatus === 'not-opted-in');
    expect(closed).toHaveLength(all.length - 2);
  });

  test('lists a region that is named, served or not', async () => {
    const { call } = await testContext();
    const { Regions } = await call('DescribeRegions', { RegionNames: ['eu-central-1'] });
    expect(Regions).toEqual([
      {
        RegionName: 'eu-central-1',
        OptInStatus: 'not-opted-in',
        Endpoint: 'ec2.eu-central-1.amazonaws.com',
      },
    ]);
  });

  test.each([
    ['cn-north-1', ['cn-north-1', 'cn-northwest-1'], 'ec2.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', ['us-gov-east-1', 'us-gov-west-1'], 'ec2.us-gov-west-1.amazonaws.com'],
  ])('in %s lists regions of its partition only', async (region, names, Endpoint) => {
    const { call } = await testContext();
    const { Regions } = await call('DescribeRegions', { AllRegions: true }, { region });
    expect(Regions?.map((each) => each.RegionName)).toEqual(names);
    expect(Regions).toContainEqual(expect.objectContaining({ RegionName: region, Endpoint }));
    const elsewhere = call('DescribeRegions', { RegionNames: ['us-east-1'] }, { region });
    await expect(elsewhere).rejects.toMatchObject({ code: 'InvalidParameterValue' });
    const Filters = [{ Name: 'endpoint', Values: [Endpoint] }];
    const found = await call('DescribeRegions', { AllRegions: true, Filters }, { region });
    expect(found.Regions).toHaveLength(1);
  });
});

test('ARNs are of the partition of their region', async () => {
  const { call } = await testContext();
  const region = 'cn-northwest-1';
  const { Subnets } = await call('DescribeSubnets', {}, { region });
  expect(Subnets).toHaveLength(3);
  for (const { SubnetArn } of Subnets ?? []) {
    expect(SubnetArn).toMatch(/^arn:aws-cn:ec2:cn-northwest-1:\d{12}:subnet\/subnet-/);
  }
  const { SecurityGroups } = await call('DescribeSecurityGroups', {}, { region });
  expect(SecurityGroups?.[0]?.SecurityGroupArn).toMatch(/^arn:aws-cn:ec2:cn-northwest-1:/);
  const { SecurityGroupRules } = await call('DescribeSecurityGroupRules', {}, { region });
  expect(SecurityGroupRules?.[0]?.SecurityGroupRuleArn).toMatch(/^arn:aws-cn:ec2:/);
  const LaunchTemplateData = { InstanceType: 't3.micro' } as const;
  const template = { LaunchTemplateName: 'web', LaunchTemplateData };
  const { LaunchTemplate } = await call('CreateLaunchTemplate', template, { region });
  expect(LaunchTemplate?.CreatedBy).toMatch(/^arn:aws-cn:iam::\d{12}:root$/);
});

test('zones are found by name or by id, with their group', async () => {
  const { call } = await testContext();
  const request = { ZoneIds: ['use1-az6'], AllAvailabilityZones: true };
  const { AvailabilityZones } = await call('DescribeAvailabilityZones', request);
  expect(AvailabilityZones).toMatchObject([
    { ZoneName: 'us-east-1d', ZoneId: 'use1-az6', RegionName: 'us-east-1', State: 'available' },
  ]);
});

test('a zone has every member that EC2 sends', async () => {
  const { call } = await testContext();
  const zonesOf = async (region: string) =>
    (await call('DescribeAvailabilityZones', {}, { region })).AvailabilityZones;
  expect((await zonesOf('us-gov-east-1'))?.[1]).toEqual({
    OptInStatus: 'opt-in-not-required',
    Messages: [],
    RegionName: 'us-gov-east-1',
    ZoneName: 'us-gov-east-1b',
    ZoneId: 'usge1-az2',
    GroupName: 'us-gov-east-1-zg-1',
    GroupLongName: 'AWS GovCloud (US-East) 1',
    NetworkBorderGroup: 'us-gov-east-1',
    ZoneType: 'availability-zone',
    State: 'available',
  });
  const china = await zonesOf('cn-north-1');
  expect(china?.map(({ ZoneId }) => ZoneId)).toEqual(['cnn1-az1', 'cnn1-az2', 'cnn1-az4']);
});
