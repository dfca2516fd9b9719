import { waitUntilInstanceRunning } from '@aws-sdk/client-ec2';
import { adminClient } from '@bakehouse/aws-wire';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cloud, type Machine, openCloud, patience, sshFromHost } from './support/cloud.ts';
import { factsOf } from './support/facts.ts';
import { login, sh } from './support/guest.ts';
import { consoleOf, distance, firmwareTables, nextRandom, ownOf } from './support/identity.ts';
import { holdConnection, renewalOf, watchRenewal } from './support/renewal.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const { endpoint, region } = platform;
const credentials = {
  accessKeyId: platform.accessKeyId,
  secretAccessKey: platform.secretAccessKey,
};
const admin = adminClient({ endpoint, region, credentials });
const idOf = ({ instanceId }: Machine) => instanceId as `i-${string}`;

/** A program that has a secret in its memory, and writes it down when it is asked. */
const keeper = `
cat > /tmp/keeper <<'END'
secret=$(cat /proc/sys/kernel/random/uuid)
trap 'echo $secret > /tmp/secret' USR1
while :; do sleep 0.2; done
END
setsid nohup sh /tmp/keeper > /dev/null 2>&1 &
echo $!
`;

/** One story: each test continues where the one before it ended. */
describe('forks of a running instance', () => {
  let cloud: Cloud;
  let parent: Machine;
  let keeperId: string;
  let bootId: string;
  let watcherId: string;
  let held: ReturnType<typeof holdConnection> | undefined;
  let forks: Machine[] = [];

  const secretOf = async (guest: Machine): Promise<string> => {
    await sh(guest, `rm -f /tmp/secret; kill -USR1 ${keeperId}`);
    const read = async () => (await sh(guest, 'cat /tmp/secret 2> /dev/null || true')) !== '';
    await until('the secret', read, { limitMs: 60_000 });
    return await sh(guest, 'cat /tmp/secret');
  };

  beforeAll(async () => {
    cloud = await openCloud(platform, 'fork');
    const groupId = await cloud.group('guests', sshFromHost);
    parent = await cloud.launch({ SecurityGroupIds: [groupId] });
  });
  afterAll(async () => {
    held?.[Symbol.dispose]();
    await cloud.terminate(...forks.map(({ instanceId }) => instanceId));
    await cloud.end();
  });

  test('an instance that has booted says that it can be forked; before, it is refused', async () => {
    await expect(admin.call('InstanceFork', { instanceId: idOf(parent) })).rejects.toThrow(
      'console does not say',
    );
    await login(parent);
    keeperId = await sh(parent, keeper);
    bootId = (await factsOf(parent)).bootId;
    const isReady = async () => (await consoleOf(cloud, parent)).includes('can be forked');
    await until('the end of the boot', isReady, { limitMs: 600_000 });
  });

  test('its forks continue; it is paused for a moment, and continues, too', async () => {
    await sh(parent, 'head -c 3000000 /dev/urandom > $HOME/data; sync');
    watcherId = await watchRenewal(parent);
    held = holdConnection(parent);
    await held.echo('before');
    const begun = performance.now();
    const call = { instanceId: idOf(parent), count: 2 };
    const { pauseMs, forks: ids } = await admin.call('InstanceFork', call);
    const forkedMs = performance.now() - begun;
    console.log(`forked in ${(forkedMs / 1000).toFixed(1)} s, a pause of ${pauseMs} ms`);
    const { keyPath } = cloud;
    forks = ids.map((instanceId) => ({ instanceId, keyPath, address: '' }));
    await waitUntilInstanceRunning(patience(cloud.ec2), { InstanceIds: [...ids] });
    for (const [at, fork] of forks.entries()) {
      const { PublicIpAddress: address = '' } = await cloud.describe(fork.instanceId);
      forks[at] = await login({ ...fork, address });
      const { events, forkedFrom } = await admin.call('InstanceBoot', { instanceId: idOf(fork) });
      expect(forkedFrom).toEqual({ instanceId: parent.instanceId, pauseMs });
      console.log(events.map(({ name, at }) => `${at - (events[0]?.at ?? 0)} ${name}`).join('\n'));
    }
    console.log(`request to login: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    expect((await factsOf(parent)).bootId).toBe(bootId);
  });

  test('the connection of the parent goes on, and has ended in its forks', async () => {
    await held?.echo('after');
    const { PrivateIpAddress: address } = await cloud.describe(parent.instanceId);
    const connections = `ss -Htn "src ${address}"`;
    expect(await sh(parent, connections)).toContain('ESTAB');
    for (const fork of forks) expect(await sh(fork, connections)).toBe('');
  });

  test('its random numbers are its own from the first on, its machine id before it has another card', async () => {
    const guests = [parent, ...forks];
    const [ofParent = [], ...ofForks] = await Promise.all(guests.map(renewalOf));
    const isShared = (line: string, at: number) =>
      [ofParent, ...ofForks].every((moments) => moments[at]?.line === line);
    const forkedAt = ofParent.findIndex(({ line }, at) => !isShared(line, at));
    expect(forkedAt).toBeGreaterThan(0);
    const drawn = [ofParent, ...ofForks].flatMap((moments) =>
      moments.slice(forkedAt).map(({ random }) => random),
    );
    expect(new Set(drawn).size).toBe(drawn.length);
    for (const [at, fork] of forks.entries()) {
      const moments = ofForks[at]?.slice(forkedAt) ?? [];
      const lostAt = moments.findIndex(({ hasLink }) => !hasLink);
      expect(lostAt).toBeGreaterThanOrEqual(0);
      const later = moments.slice(lostAt).filter(({ hasLink }) => hasLink);
      const { machineId } = await factsOf(fork);
      expect(new Set(later.map((moment) => moment.machineId))).toEqual(new Set([machineId]));
    }
    for (const guest of guests) await sh(guest, `kill ${watcherId}`);
  });

  test('programs have what they had in memory, and disks what was written', async () => {
    const all = [parent, ...forks];
    const secrets = [];
    const sums = [];
    for (const each of all) {
      secrets.push(await secretOf(each));
      sums.push(await sh(each, 'sha256sum < $HOME/data'));
    }
    expect(secrets[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(secrets).size).toBe(1);
    expect(new Set(sums).size).toBe(1);
    await sh(parent, 'echo later > $HOME/data');
    for (const fork of forks) expect(await sh(fork, 'sha256sum < $HOME/data')).toBe(sums[0]);
  });

  test('no two of them share a key, id, random number, secret or DHCP client id', async () => {
    const own = [];
    for (const each of [parent, ...forks]) own.push(await ownOf(each));
    for (const name of ['machineId', 'bootId', 'dhcpClientId', 'hostKeys'] as const) {
      expect(new Set(own.map((each) => each[name])).size).toBe(3);
    }
    const keys = own.flatMap(({ hostKeys }) => hostKeys.split('\n'));
    expect(keys).toHaveLength(6);
    expect(new Set(keys).size).toBe(6);
    const random = [];
    for (const fork of forks) random.push(await nextRandom(cloud, fork));
    for (const each of random) expect(each).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(random).size).toBe(2);
    for (const [one, other] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const [a, b] = [own[one]?.tcp ?? [], own[other]?.tcp ?? []];
      // More than the time between looking at the clock and connecting: see fast-launch.test.ts.
      expect(Math.max(distance(a[0], b[0]), distance(a[1], b[1]))).toBeGreaterThan(2e9 / 64);
      expect(distance(a[2], b[2])).toBeGreaterThan(2000);
    }
  });

  test('each knows who it is and what time it is', async () => {
    for (const fork of forks) {
      const { instanceId } = fork;
      const facts = await factsOf(fork);
      expect(facts.instanceId).toBe(instanceId);
      const [uuid = '', serial, assetTag] = (await firmwareTables(fork)).split('\n');
      expect([serial, assetTag]).toEqual([uuid, instanceId]);
      expect(facts.machineId).toBe(uuid.replaceAll('-', ''));
      const before = Date.now();
      const clock = Number(await sh(fork, 'date +%s%3N'));
      expect(clock).toBeGreaterThan(before - 2000);
      expect(clock).toBeLessThan(Date.now() + 2000);
      const { PrivateIpAddress: address } = await cloud.describe(instanceId);
      const addresses = await sh(fork, "ip -4 -o address show dev eth0 | awk '{ print $4 }'");
      expect(addresses.split('/')[0]).toBe(address);
      expect(await sh(fork, 'systemctl --failed --no-legend')).toBe('');
      expect(await sh(fork, 'ss -Htn state established "not dst 127.0.0.0/8"')).toContain(address);
    }
  });

  test('a fork that reboots is the same instance, and a fork can be forked', async () => {
    const [first, second] = forks;
    if (!first || !second) throw new Error('there are two forks');
    const isReady = async () => (await consoleOf(cloud, first)).includes('can be forked');
    await until('the end of the renewal', isReady, { limitMs: 600_000 });
    const {
      forks: [id = 'i-0'],
    } = await admin.call('InstanceFork', { instanceId: idOf(first) });
    await waitUntilInstanceRunning(patience(cloud.ec2), { InstanceIds: [id] });
    const { PublicIpAddress: address = '' } = await cloud.describe(id);
    const third = await login({ instanceId: id, keyPath: cloud.keyPath, address });
    forks.push(third);
    expect((await factsOf(third)).instanceId).toBe(id);
    expect(await secretOf(third)).toBe(await secretOf(parent));
    const before = await factsOf(second);
    await sh(second, 'sudo systemctl reboot').catch(() => {});
    const rebooted = async () => (await factsOf(second)).bootId !== before.bootId;
    await until('the reboot', rebooted, { limitMs: 600_000 });
    const { machineId, hostKey, instanceId } = await factsOf(second);
    const same = { machineId: before.machineId, hostKey: before.hostKey };
    expect({ machineId, hostKey, instanceId }).toEqual({ ...same, instanceId: second.instanceId });
  });
});
