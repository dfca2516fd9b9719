import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeregisterImageCommand,
  DescribeImageAttributeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotAttributeCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { type Cloud, openCloud, sshFromHost } from './support/cloud.ts';
import { environmentOf } from './support/environment.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { login, sh } from './support/guest.ts';
import { output } from './support/run.ts';
import type { Usage } from './support/usage.ts';

/** The README's template, which shares nothing. */
const template = join(import.meta.dirname, '../clients/packer/bakehouse.json');
const sharing = {
  ami_users: ['111122223333', '444455556666'],
  ami_groups: ['all'],
  snapshot_users: ['111122223333'],
};
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

/** The template with `sharing` in its builder, as a file that is removed with the test. */
async function sharingTemplate(): Promise<string> {
  const { builders, ...rest } = JSON.parse(await readFile(template, 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-packer-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'template.json');
  await writeFile(path, JSON.stringify({ ...rest, builders: [{ ...builders[0], ...sharing }] }));
  return path;
}

/** Who may use the image and its snapshot. */
async function sharedWith(ImageId: string, SnapshotId: string | undefined) {
  const { ec2 } = cloud;
  const { LaunchPermissions: launchPermissions } = await ec2.send(
    new DescribeImageAttributeCommand({ ImageId, Attribute: 'launchPermission' }),
  );
  const { CreateVolumePermissions: createVolumePermissions } = await ec2.send(
    new DescribeSnapshotAttributeCommand({ SnapshotId, Attribute: 'createVolumePermission' }),
  );
  return { launchPermissions, createVolumePermissions };
}

test("Packer's amazon-ebs builder bakes an image", { timeout: limitMs }, async () => {
  const variables = ['-var', `endpoint=${platform.endpoint}`, '-var', `name=${name}`];
  const built = await sharingTemplate();
  const command = ['packer', 'build', '-color=false', '-machine-readable', ...variables, built];
  const env = { ...environmentOf(platform), CHECKPOINT_DISABLE: '1', AWS_POLL_DELAY_SECONDS: '2' };
  const said = await output(command, { env, limitMs });
  const imageId = /artifact,0,id,us-east-1:(ami-[0-9a-f]{17})/.exec(said)?.[1] ?? said;
  const { Images } = await cloud.ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  expect(Images).toMatchObject([
    {
      Name: name,
      State: 'available',
      Description: 'baked by Packer',
      Public: true,
      Tags: [{ Key: 'baked-by', Value: 'packer' }],
    },
  ]);
  const SnapshotId = Images?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId;
  expect(await sharedWith(imageId, SnapshotId)).toEqual({
    launchPermissions: [{ Group: 'all' }, { UserId: '111122223333' }, { UserId: '444455556666' }],
    createVolumePermissions: [{ UserId: '111122223333' }],
  });
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
