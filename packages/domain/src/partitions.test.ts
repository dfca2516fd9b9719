import { expect, test } from 'vitest';
import { ec2Arn, kmsArn, partitionOf, rootUserArn } from './partitions.ts';

const ownerId = '123456789012';

test.each([
  ['us-east-1', 'aws', 'amazonaws.com'],
  ['cn-north-1', 'aws-cn', 'amazonaws.com.cn'],
  ['us-gov-west-1', 'aws-us-gov', 'amazonaws.com'],
])('%s is of the partition %s', (region, name, domain) => {
  expect(partitionOf(region)).toMatchObject({ name, domain });
  expect(ec2Arn({ region, ownerId }, 'subnet', 'subnet-1')).toBe(
    `arn:${name}:ec2:${region}:${ownerId}:subnet/subnet-1`,
  );
  expect(kmsArn({ region, ownerId }, 'alias/a')).toBe(
    `arn:${name}:kms:${region}:${ownerId}:alias/a`,
  );
  expect(rootUserArn({ region, ownerId })).toBe(`arn:${name}:iam::${ownerId}:root`);
});
