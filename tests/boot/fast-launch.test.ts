import {
  CreateImageCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeFastLaunchImagesCommand,
  DisableFastLaunchCommand,
  EnableFastLaunchCommand,
  RebootInstancesCommand,
} from '@aws-sdk/client-ec2';
import { adminClient } from '@bakehouse/aws-wire';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cloud, type Machine, openCloud, sshFromHost } from './support/cloud.ts';
import { factsOf } from './support/facts.ts';
import { login, sh } from './support/guest.ts';
import { distance, firmwareTables, nextRandom, ownOf } from './support/identity.ts';
import { availableImage, snapshotOf } from './support/images.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const { endpoint, region } = platform;
const credentials = {
  accessKeyId: platform.accessKeyId,
  secretAccessKey: platform.secretAccessKey,
};
const boot = (instanceId: string) =>
  adminClient({ endpoint, region, credentials }).call('InstanceBoot', {
    instanceId: instanceId as `i-${string}`,
  });

/** One story: each test continues where the one before it ended. */
describe('fast launch', () => {
  let cloud: Cloud;
  let groupId: string;
  let imageId: string;
  let snapshotId: string;
  let coldMs: number;
  let children: [Machine, Machine];

  async function timedLogin(ImageId: string): Promise<{ machine: Machine; ms: number }> {
    const begun = performance.now();
    const machine = await cloud.launch({ ImageId, SecurityGroupIds: [groupId] });
    await login(machine);
    return { machine, ms: performance.now() - begun };
  }

  beforeAll(async () => {
    cloud = await openCloud(platform, 'fast-launch');
    groupId = await cloud.group('guests', sshFromHost);
  });
  afterAll(() => cloud.end());

  test('a template is made of an image of the account', async () => {
    const { machine, ms } = await timedLogin(platform.imageId);
    coldMs = ms;
    const InstanceId = machine.instanceId;
    const made = await cloud.ec2.send(
      new CreateImageCommand({ InstanceId, Name: 'own', NoReboot: true }),
    );
    imageId = made.ImageId ?? '';
    snapshotId = snapshotOf(await availableImage(cloud.ec2, imageId), '/dev/xvda');
    await cloud.terminate(InstanceId);
    await cloud.ec2.send(new EnableFastLaunchCommand({ ImageId: imageId }));
    const state = async () => {
      const { FastLaunchImages: [image] = [] } = await cloud.ec2.send(
        new DescribeFastLaunchImagesCommand({ ImageIds: [imageId] }),
      );
      if (image?.State === 'enabling-failed') throw new Error(image.StateTransitionReason);
      return image?.State === 'enabled';
    };
    await until('the template', state, { limitMs: 600_000, everyMs: 500 });
  });

  test('launches go on from it', async () => {
    const one = await timedLogin(imageId);
    const other = await timedLogin(imageId);
    children = [one.machine, other.machine];
    for (const { machine, ms } of [one, other]) {
      const { events, bootedBecause } = await boot(machine.instanceId);
      expect(bootedBecause).toBeUndefined();
      expect(events.map(({ name }) => name)).toContain("template's memory restored");
      console.log(
        `launch to login: ${(ms / 1000).toFixed(1)} s, from boot ${(coldMs / 1000).toFixed(1)} s`,
      );
      console.log(events.map(({ name, at }) => `${at - (events[0]?.at ?? 0)} ${name}`).join('\n'));
      expect(ms).toBeLessThan(coldMs);
    }
  });

  test('two of them share no key, id, random number, secret or DHCP client id', async () => {
    const [one, other] = [await ownOf(children[0]), await ownOf(children[1])];
    for (const name of ['machineId', 'bootId', 'dhcpClientId'] as const) {
      expect(one[name]).not.toBe(other[name]);
    }
    const keys = [...one.hostKeys.split('\n'), ...other.hostKeys.split('\n')];
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(4);
    const random = [await nextRandom(cloud, children[0]), await nextRandom(cloud, children[1])];
    for (const each of random) expect(each).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(random).size).toBe(2);
    // More than the time between looking at the clock and connecting: 2 s in units of 64 ns, and in milliseconds. Of other
    // secrets, one number in 69 is as near by chance.
    const distances = [0, 1].map((each) => distance(one.tcp[each], other.tcp[each]));
    expect(Math.max(...distances)).toBeGreaterThan(2e9 / 64);
    expect(distance(one.tcp[2], other.tcp[2])).toBeGreaterThan(2000);
  });

  test('each knows who it is and what time it is', async () => {
    for (const child of children) {
      const { instanceId } = child;
      const facts = await factsOf(child);
      expect(facts.instanceId).toBe(instanceId);
      const [uuid = '', serial, assetTag] = (await firmwareTables(child)).split('\n');
      expect(uuid).toMatch(/^ec2/);
      expect([serial, assetTag]).toEqual([uuid, instanceId]);
      expect(facts.machineId).toBe(uuid.replaceAll('-', ''));
      const before = Date.now();
      const clock = Number(await sh(child, 'date +%s%3N'));
      expect(clock).toBeGreaterThan(before - 2000);
      expect(clock).toBeLessThan(Date.now() + 2000);
      const journal = await sh(
        child,
        'logger -t mark here; sudo journalctl --sync; journalctl -t mark -o json',
      );
      expect(JSON.parse(journal.split('\n').at(-1) ?? '')).toMatchObject({
        _MACHINE_ID: facts.machineId,
        _BOOT_ID: facts.bootId.replaceAll('-', ''),
      });
      const [device] = (await cloud.describe(instanceId)).BlockDeviceMappings ?? [];
      const volume = device?.Ebs?.VolumeId?.replace('-', '') ?? '';
      expect(await sh(child, 'ls /dev/disk/by-id')).toContain(`virtio-${volume}`);
      expect(await sh(child, 'systemctl --failed --no-legend')).toBe('');
    }
  });

  test('one that reboots is the same instance', async () => {
    const [child] = children;
    const before = await factsOf(child);
    const tables = await firmwareTables(child);
    await cloud.ec2.send(new RebootInstancesCommand({ InstanceIds: [child.instanceId] }));
    const rebooted = async () => (await factsOf(child)).bootId !== before.bootId;
    await until('the reboot', rebooted, { limitMs: 600_000 });
    const { machineId, hostKey, instanceId } = await factsOf(child);
    const same = { machineId: before.machineId, hostKey: before.hostKey };
    expect({ machineId, hostKey, instanceId }).toEqual({ ...same, instanceId: child.instanceId });
    // Now the firmware's own.
    expect(await firmwareTables(child)).toBe(tables);
  });

  test('the end of fast launch leaves the instances', async () => {
    await cloud.ec2.send(new DisableFastLaunchCommand({ ImageId: imageId }));
    const isGone = async () => {
      const described = await cloud.ec2.send(new DescribeFastLaunchImagesCommand({}));
      return described.FastLaunchImages?.length === 0;
    };
    await until('no template', isGone, { limitMs: 60_000 });
    await sh(children[1], 'find /usr/bin -type f -print0 | xargs -0 cat > /dev/null');
    await cloud.terminate(...children.map(({ instanceId }) => instanceId));
    await cloud.ec2.send(new DeregisterImageCommand({ ImageId: imageId }));
    await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  });
});
