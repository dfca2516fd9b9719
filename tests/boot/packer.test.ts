import { join } from 'node:path';
import {
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Cloud, openCloud, sshFromHost } from './support/cloud.ts';
import { environmentOf } from './support/environment.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { login, sh } from './support/guest.ts';
import { output } from './support/run.ts';
import type { Usage } from './support/usage.ts';

const template = join(import.meta.dirname, '../clients/packer/bakehouse.json');
const limitMs = 1_800_000;
const name = `packer-test-${Date.now()}`;

const platform = inject('platform');
let usageBefore: Usage;
let cloud: Cloud;

beforeAll(async () => {
  usageBefore = await usageAtRest(platform);
  cloud = await openCloud(platform, 'packer');
});
afterAll(() => cloud.end());

/** What Packer makes for a build and must have removed at its end. */
async function packersOwn(): Promise<readonly unknown[]> {
  const { ec2 } = cloud;
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const running = [{ Name: 'instance-state-name', Values: ['pending', 'running', 'stopped'] }];
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: running }));
  return [
    ...KeyPairs.filter(({ KeyName }) => KeyName?.startsWith('packer_')),
    ...SecurityGroups.filter(({ GroupName }) => GroupName?.startsWith('packer_')),
    ...Reservations,
  ];
}

test("Packer's amazon-ebs builder bakes an image", { timeout: limitMs }, async () => {
  const variables = ['-var', `endpoint=${platform.endpoint}`, '-var', `name=${name}`];
  const command = ['packer', 'build', '-color=false', '-machine-readable', ...variables, template];
  const env = { ...environmentOf(platform), CHECKPOINT_DISABLE: '1', AWS_POLL_DELAY_SECONDS: '2' };
  const said = await output(command, { env, limitMs });
  const imageId = /artifact,0,id,us-east-1:(ami-[0-9a-f]{17})/.exec(said)?.[1] ?? said;
  const { Images } = await cloud.ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  expect(Images).toMatchObject([
    {
      Name: name,
      State: 'available',
      Description: 'baked by Packer',
      Tags: [{ Key: 'baked-by', Value: 'packer' }],
    },
  ]);
  expect(await packersOwn()).toEqual([]);
});

test('a launch of it has what the provisioner wrote', async () => {
  const found = await cloud.ec2.send(
    new DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'name', Values: [name] }] }),
  );
  const ImageId = found.Images?.[0]?.ImageId ?? '';
  const group = await cloud.group('ssh', sshFromHost);
  const machine = await login(await cloud.launch({ ImageId, SecurityGroupIds: [group] }));
  expect(await sh(machine, 'cat /etc/baked-by')).toBe('baked by packer');
  await cloud.terminate(machine.instanceId);
  await cloud.ec2.send(new DeregisterImageCommand({ ImageId, DeleteAssociatedSnapshots: true }));
  await expectUsage(platform, usageBefore);
});
