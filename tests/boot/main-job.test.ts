import {
  AuthorizeSecurityGroupIngressCommand,
  CreateImageCommand,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DeregisterImageCommand,
  DescribeVolumesCommand,
  GetConsoleOutputCommand,
  GetConsoleScreenshotCommand,
  ModifyInstanceCpuOptionsCommand,
  RegisterImageCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  waitUntilInstanceRunning,
  waitUntilInstanceStatusOk,
  waitUntilInstanceStopped,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cloud, type Machine, openCloud, patience, sshFromHost } from './support/cloud.ts';
import { attachVolume, createVolume, detachVolume, diskPath } from './support/disks.ts';
import { expectUsage, usageAtRest } from './support/expect-usage.ts';
import { factsOf } from './support/facts.ts';
import { knock, login, sh, sshCommand, trySh } from './support/guest.ts';
import { availableImage, snapshotOf } from './support/images.ts';
import { run } from './support/run.ts';
import { servedBytes } from './support/served-bytes.ts';
import { readUsage, type Usage } from './support/usage.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const mebibyte = 1024 * 1024;
const userData = `#!/bin/sh
id -un >> /var/lib/written-by-user-data
`;
const powersItselfOff = `#!/bin/sh
poweroff
`;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const readMetadata = `
token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
metadata() { curl -fsS -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/$1"; echo; }
`;

/** One story: each test continues where the one before it ended. Six boots in all. */
describe('the main job', () => {
  let usageBefore: Usage;
  let cloud: Cloud;
  let groupId: string;
  let original: Machine;
  let clone: Machine;
  let dataVolumeId: string;
  let liveImageId: string;
  let imageId: string;
  let registeredImageId: string;

  beforeAll(async () => {
    usageBefore = await usageAtRest(platform);
    cloud = await openCloud(platform, 'main-job');
    groupId = await cloud.group('guests');
  });
  afterAll(() => cloud.end());

  async function consoleOf({ instanceId }: Machine): Promise<string> {
    const request = new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: true });
    const { Output = '' } = await cloud.ec2.send(request);
    return Buffer.from(Output, 'base64').toString('utf8');
  }

  test('a launch boots, fetching only what the boot reads', async () => {
    const before = await servedBytes(platform.dataDirectory);
    original = await cloud.launch({
      SecurityGroupIds: [groupId],
      UserData: base64(userData),
      BlockDeviceMappings: [
        { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 1, DeleteOnTermination: false } },
      ],
    });
    const booted = async () => /Cloud-init .* finished at/.test(await consoleOf(original));
    await until('the end of the boot on the console', booted, { limitMs: 600_000 });
    const fetched = (await servedBytes(platform.dataDirectory)) - before;
    const usage = await readUsage(platform);
    const image = usage.rows.find(({ id }) => id === platform.imageId);
    console.log(`fetched for a boot: ${Math.round(fetched / mebibyte)} MiB`);
    expect(fetched).toBeGreaterThan(mebibyte);
    expect(fetched).toBeLessThan((image?.sizeBytes ?? 0) / 4);
    expect(usage.store.liveBytes).toBe(usageBefore.store.liveBytes);
  });

  test('without a rule there is no connection, and a rule opens the port at once', async () => {
    expect(await knock(original.address, 22)).toBe('silent');
    await cloud.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [sshFromHost] }),
    );
    const opens = async () => (await knock(original.address, 22)) === 'open';
    await until('port 22 open', opens, { limitMs: 15_000, everyMs: 50 });
    await login(original);
  });

  test('ec2-user logs in by key and has sudo; root and passwords are refused', async () => {
    expect(await sh(original, 'id -un; sudo id -un')).toBe('ec2-user\nroot');
    const asRoot = await run([...sshCommand(original, 'root'), 'id -un']);
    expect(asRoot.code).not.toBe(0);
    expect(asRoot.stdout).toContain('Please login as the user "ec2-user"');
    const keyless = ['-o', 'PubkeyAuthentication=no', '-o', 'PreferredAuthentications=password'];
    const [ssh = '', ...rest] = sshCommand(original);
    const byPassword = await run([ssh, ...keyless, ...rest, 'true']);
    expect(byPassword.code).toBe(255);
    // What the server lists is all that it would take.
    expect(byPassword.stderr).toContain('Permission denied (publickey)');
  });

  test('user data ran as root, and metadata asks for a token and knows the guest', async () => {
    expect(await sh(original, 'cat /var/lib/written-by-user-data')).toBe('root');
    const withoutToken = await sh(
      original,
      `curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/instance-id`,
    );
    expect(withoutToken).toBe('401');
    const facts = await sh(
      original,
      `${readMetadata}
      metadata meta-data/instance-id; metadata meta-data/ami-id; metadata meta-data/public-ipv4
      metadata user-data; metadata dynamic/instance-identity/document`,
    );
    const { instanceId } = original;
    expect(facts).toContain(`${instanceId}\n${platform.imageId}\n${original.address}\n${userData}`);
    const document = JSON.parse(facts.slice(facts.indexOf('{')));
    const { region, imageId: image } = { region: platform.region, imageId: platform.imageId };
    const accountId = '123456789012';
    expect(document).toMatchObject({ instanceId, imageId: image, region, accountId });
    expect(await sh(original, 'cat /var/lib/cloud/instance/datasource')).toContain('DataSourceEc2');
  });

  test('the guest takes its time from the platform', async () => {
    const synchronized = '/run/systemd/timesync/synchronized';
    await sh(original, `timeout 120 sh -c 'until [ -e ${synchronized} ]; do sleep 1; done'`);
    const log = await sh(original, 'sudo journalctl --no-pager -o cat -u systemd-timesyncd');
    expect(log).toContain('time server 169.254.169.123:123');
  });

  test('status checks pass, and the screen can be seen', async () => {
    const InstanceIds = [original.instanceId];
    await waitUntilInstanceStatusOk(patience(cloud.ec2), { InstanceIds });
    const { ImageData = '' } = await cloud.ec2.send(
      new GetConsoleScreenshotCommand({ InstanceId: original.instanceId }),
    );
    const picture = Buffer.from(ImageData, 'base64');
    expect(picture.subarray(0, 3).toString('hex')).toBe('ffd8ff');
    expect(picture.subarray(-2).toString('hex')).toBe('ffd9');
  });

  test('an image without reboot leaves the guest running', async () => {
    const request = new DescribeVolumesCommand({
      Filters: [{ Name: 'attachment.instance-id', Values: [original.instanceId] }],
    });
    const { Volumes = [] } = await cloud.ec2.send(request);
    const devices = Volumes.map(({ Attachments }) => Attachments?.[0]?.Device);
    expect(devices.toSorted()).toEqual(['/dev/sdf', '/dev/xvda']);
    dataVolumeId = Volumes.find(({ Size }) => Size === 1)?.VolumeId ?? '';
    await sh(
      original,
      `echo early > early.txt
      sudo mkfs.ext4 -q -L data ${diskPath(dataVolumeId)}
      sudo mount ${diskPath(dataVolumeId)} /mnt
      echo on the data volume | sudo tee /mnt/data.txt
      nohup sleep 100000 > /dev/null 2>&1 & echo $! > sleeper
      sync`,
    );
    const before = await factsOf(original);
    const Name = `main-job-live-${Date.now()}`;
    const InstanceId = original.instanceId;
    const made = await cloud.ec2.send(new CreateImageCommand({ InstanceId, Name, NoReboot: true }));
    liveImageId = made.ImageId ?? '';
    await availableImage(cloud.ec2, liveImageId);
    const after = await factsOf(original);
    expect(after.bootId).toBe(before.bootId);
    expect(after.uptimeSeconds).toBeGreaterThan(before.uptimeSeconds);
    expect((await trySh(original, 'kill -0 $(cat sleeper)')).code).toBe(0);
  });

  test('an image with reboot holds every volume, and the instance comes back', async () => {
    await sh(original, 'echo changed > changed.txt');
    const before = await factsOf(original);
    const made = await cloud.ec2.send(
      new CreateImageCommand({
        InstanceId: original.instanceId,
        Name: `main-job-${Date.now()}`,
        TagSpecifications: [{ ResourceType: 'image', Tags: [{ Key: 'from', Value: 'main-job' }] }],
      }),
    );
    imageId = made.ImageId ?? '';
    const image = await availableImage(cloud.ec2, imageId);
    expect(image.Tags).toEqual([{ Key: 'from', Value: 'main-job' }]);
    const mapping = image.BlockDeviceMappings ?? [];
    const shape = mapping.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.VolumeSize]);
    expect(shape.toSorted()).toEqual([
      ['/dev/sdf', 1],
      ['/dev/xvda', 8],
    ]);
    await login(original);
    const after = await factsOf(original);
    expect(after.bootId).not.toBe(before.bootId);
    expect(after).toMatchObject({ hostKey: before.hostKey, instanceId: before.instanceId });
    expect((await cloud.describe(original.instanceId)).State?.Name).toBe('running');
  });

  test('its launch has the change, and is somebody else', async () => {
    clone = await cloud.launch({ ImageId: imageId, SecurityGroupIds: [groupId] });
    await login(clone);
    expect(await sh(clone, 'cat early.txt changed.txt')).toBe('early\nchanged');
    expect(await sh(clone, 'sudo mount LABEL=data /mnt; cat /mnt/data.txt')).toBe(
      'on the data volume',
    );
    const [ours, theirs] = [await factsOf(clone), await factsOf(original)];
    expect(ours.instanceId).toBe(clone.instanceId);
    expect(ours.hostKey).not.toBe(theirs.hostKey);
    expect(ours.machineId).not.toBe(theirs.machineId);
    const { PrivateIpAddress = '' } = await cloud.describe(clone.instanceId);
    expect(ours.hostName).toBe(`ip-${PrivateIpAddress.replaceAll('.', '-')}`);
    // The user data of the original is not the clone's: it ran once, in the original.
    expect(await sh(clone, 'cat /var/lib/written-by-user-data')).toBe('root');
  });

  test('the image taken without reboot has what was written before it', async () => {
    const { Placement } = await cloud.describe(clone.instanceId);
    const image = await availableImage(cloud.ec2, liveImageId);
    const volumeId = await createVolume(cloud.ec2, {
      AvailabilityZone: Placement?.AvailabilityZone ?? '',
      SnapshotId: snapshotOf(image, '/dev/xvda'),
    });
    await attachVolume(cloud.ec2, clone, { volumeId, device: '/dev/sdg' });
    const read = `
      sudo mkdir -p /srv/live; sudo mount ${diskPath(volumeId)}-part1 /srv/live
      cat /srv/live/home/ec2-user/early.txt; ls /srv/live/home/ec2-user
      sudo umount /srv/live`;
    expect(await sh(clone, read)).toBe('early\nearly.txt\nsleeper');
    await detachVolume(cloud.ec2, volumeId);
    await cloud.ec2.send(new DeleteVolumeCommand({ VolumeId: volumeId }));
  });

  test('an image registered from a snapshot boots; a guest that powers off ends as its shutdown behaviour says', async () => {
    const image = await availableImage(cloud.ec2, imageId);
    const made = await cloud.ec2.send(
      new RegisterImageCommand({
        Name: `main-job-registered-${Date.now()}`,
        Architecture: 'x86_64',
        VirtualizationType: 'hvm',
        EnaSupport: true,
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [
          { DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshotOf(image, '/dev/xvda') } },
          { DeviceName: '/dev/sdf', Ebs: { SnapshotId: snapshotOf(image, '/dev/sdf') } },
        ],
      }),
    );
    registeredImageId = made.ImageId ?? '';
    const third = await cloud.launch({
      ImageId: registeredImageId,
      InstanceInitiatedShutdownBehavior: 'terminate',
      UserData: base64(powersItselfOff),
    });
    const InstanceIds = [third.instanceId];
    // Three launches: what they share is stored once.
    const { rows, store } = await readUsage(platform);
    const sum = rows.filter(({ kind }) => kind === 'volume').length;
    expect(sum).toBeGreaterThanOrEqual(5);
    const bytes = store.liveBytes - usageBefore.store.liveBytes;
    expect(bytes).toBeLessThan(usageBefore.store.liveBytes / 4);
    await waitUntilInstanceTerminated(patience(cloud.ec2), { InstanceIds });
    const ended = await cloud.describe(third.instanceId);
    expect(ended.StateReason?.Code).toBe('Client.InstanceInitiatedShutdown');

    await trySh(clone, 'sudo poweroff');
    await waitUntilInstanceStopped(patience(cloud.ec2), { InstanceIds: [clone.instanceId] });
    const stopped = await cloud.describe(clone.instanceId);
    expect(stopped.StateReason?.Code).toBe('Client.InstanceInitiatedShutdown');
  });

  test('stop and start keep the disk, and change the public address and the CPUs', async () => {
    const before = await factsOf(original);
    const { instanceId: InstanceId } = original;
    const InstanceIds = [InstanceId];
    expect(await sh(original, 'nproc')).toBe('2');
    await cloud.ec2.send(new StopInstancesCommand({ InstanceIds }));
    await waitUntilInstanceStopped(patience(cloud.ec2), { InstanceIds });
    expect((await cloud.describe(original.instanceId)).PublicIpAddress).toBeUndefined();
    const oneCpu = { InstanceId, CoreCount: 1, ThreadsPerCore: 1 };
    await cloud.ec2.send(new ModifyInstanceCpuOptionsCommand(oneCpu));
    await cloud.ec2.send(new StartInstancesCommand({ InstanceIds }));
    await waitUntilInstanceRunning(patience(cloud.ec2), { InstanceIds });
    const { PublicIpAddress = '' } = await cloud.describe(original.instanceId);
    expect(PublicIpAddress).not.toBe(original.address);
    original = await login({ ...original, address: PublicIpAddress });
    const after = await factsOf(original);
    expect(after.bootId).not.toBe(before.bootId);
    expect(after).toMatchObject({ hostKey: before.hostKey, hostName: before.hostName });
    expect(await sh(original, 'nproc')).toBe('1');
    expect(await sh(original, 'cat changed.txt')).toBe('changed');
    expect(await sh(original, 'sudo mount LABEL=data /mnt; cat /mnt/data.txt')).toBe(
      'on the data volume',
    );
  });

  test('when all of it is deleted, the storage is as before', async () => {
    const { ec2 } = cloud;
    const image = await availableImage(ec2, imageId);
    const live = await availableImage(ec2, liveImageId);
    await cloud.terminate(original.instanceId, clone.instanceId);
    // The launch said to keep its data volume, and the image carried that over to the clone.
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    expect(Volumes.map(({ Size, State }) => [Size, State])).toEqual([
      [1, 'available'],
      [1, 'available'],
    ]);
    expect(Volumes.map(({ VolumeId }) => VolumeId)).toContain(dataVolumeId);
    for (const { VolumeId } of Volumes) await ec2.send(new DeleteVolumeCommand({ VolumeId }));
    const SnapshotId = snapshotOf(image, '/dev/xvda');
    await expect(ec2.send(new DeleteSnapshotCommand({ SnapshotId }))).rejects.toMatchObject({
      name: 'InvalidSnapshot.InUse',
    });
    await ec2.send(new DeregisterImageCommand({ ImageId: registeredImageId }));
    await ec2.send(
      new DeregisterImageCommand({ ImageId: imageId, DeleteAssociatedSnapshots: true }),
    );
    await ec2.send(new DeregisterImageCommand({ ImageId: liveImageId }));
    for (const device of ['/dev/xvda', '/dev/sdf']) {
      await ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotOf(live, device) }));
    }
    await expectUsage(platform, usageBefore);
  });
});
