import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { awsCli } from './support/aws-cli.ts';
import { type Cloud, type Machine, openCloud } from './support/cloud.ts';
import { copyTo, type Guest, knock, login, sh, trySh } from './support/guest.ts';
import { hostNames } from './support/leftovers.ts';
import { output } from './support/run.ts';
import {
  addPrivateSide,
  allocate,
  anywhere,
  deleteNetwork,
  makeNetwork,
  type PrivateSide,
  type PublicAddress,
  routeTo,
  type UserNetwork,
} from './support/user-network.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const ec2 = awsCli(platform);

/** Among guests a public address of 127.0.0.0/8 is carried by this one. */
const transitOf = ({ ip }: PublicAddress) => ip.replace(/^127/, '240');
const instanceIdOf = (guest: Guest) => sh(guest, 'cat /var/lib/cloud/data/instance-id');
const pings = async (from: Guest, to: string) =>
  (await trySh(from, `ping -q -c 3 -i 0.3 -W 5 ${to}`)).code === 0;

/** The platform's network in the kernel: namespaces, and the router's links and tables. */
async function kernelState(): Promise<readonly string[]> {
  const { network } = hostNames(platform.dataDirectory);
  const namespaces = await readdir('/run/netns');
  const router = (...command: string[]) =>
    output(['nsenter', `--net=/run/netns/${network}`, ...command]);
  return [
    ...namespaces.filter((name) => name.startsWith(network)).sort(),
    await router('ip', '-brief', 'address'),
    await router('ip', 'route', 'show', 'table', 'all'),
    await router('nft', '--stateless', 'list', 'ruleset'),
    await output(['nft', '--stateless', 'list', 'table', 'ip', network]),
  ];
}

/**
 * One story of the AWS CLI: a VPC with a public and a private subnet, and another of the same range. `front` and `twin`
 * have the same private address; `twin` is the outside.
 */
describe('networks that users make', () => {
  let cloud: Cloud;
  let before: readonly string[];
  let ours: UserNetwork;
  let theirs: UserNetwork;
  let privateSide: PrivateSide;
  let frontAddress: PublicAddress;
  let moving: PublicAddress;
  let front: Machine;
  let inner: Machine;
  let twin: Machine;
  let cardId: string;

  const launch = (SubnetId: string, group: string, PrivateIpAddress: string) =>
    cloud.launch({
      InstanceType: 't3.nano',
      SubnetId,
      SecurityGroupIds: [group],
      PrivateIpAddress,
    });
  const associate = (address: PublicAddress, instanceId: string) =>
    ec2(
      ...['associate-address', '--allocation-id', address.allocation],
      ...['--instance-id', instanceId],
    );
  const primaryOf = (instanceId: string) =>
    ec2(
      ...['describe-network-interfaces', '--query', 'NetworkInterfaces[0].NetworkInterfaceId'],
      ...['--filters', `Name=attachment.instance-id,Values=${instanceId}`],
      'Name=attachment.device-index,Values=0',
    );
  const curl = 'curl -fsS -m 20 -o /dev/null';
  const urlOf = (address: PublicAddress) => `http://${transitOf(address)}:8000`;
  const twinUrl = () => urlOf(moving);
  /** Asks again and again in the background, also while nobody can log in. */
  const keepAsking = (guest: Guest, url: string) => {
    const asking = `while [ -e asking ]; do ${curl} -m 2 ${url}/ && echo yes || echo no; sleep 0.1; done`;
    return sh(
      guest,
      `touch asking; nohup sh -c '${asking}' > asked.log 2> /dev/null < /dev/null &`,
    );
  };
  /** Ends it at a reply: whether there was one, each time that it was asked. */
  const untilReply = (guest: Guest) =>
    until('a reply from outside', () =>
      sh(guest, 'test "$(tail -n 1 asked.log)" = yes; rm -f asking; cat asked.log'),
    );
  const serve = async (guest: Guest) => {
    await sh(guest, 'nohup python3 -m http.server 8000 > /dev/null 2> served.log < /dev/null &');
    await until('an HTTP server', () => sh(guest, `${curl} http://127.0.0.1:8000/; echo up`));
  };
  /** The client's address as the twin has seen it. */
  const seenByTwin = async (path: string) => {
    const log = await sh(twin, 'cat served.log');
    return log
      .split('\n')
      .find((line) => line.includes(`GET ${path} `))
      ?.split(' ', 1)[0];
  };

  beforeAll(async () => {
    before = await kernelState();
    cloud = await openCloud(platform, 'vpcs');
    [ours, theirs] = await Promise.all([makeNetwork(ec2), makeNetwork(ec2)]);
    const first = await launch(ours.publicSubnet, ours.group, '10.0.1.10');
    const third = await launch(theirs.publicSubnet, theirs.group, '10.0.1.10');
    privateSide = await addPrivateSide(ec2, ours);
    const second = await launch(privateSide.subnet, ours.group, '10.0.2.10');
    frontAddress = await allocate(ec2);
    moving = await allocate(ec2);
    await associate(frontAddress, first.instanceId);
    await associate(moving, third.instanceId);
    front = await login({ ...first, address: frontAddress.ip });
    twin = await login({ ...third, address: moving.ip });
    inner = await login({ ...second, address: '10.0.2.10', through: front });
    await Promise.all([front, twin].map(serve));
  });
  afterAll(() => cloud.end());

  test('a private subnet reaches the outside by the address of its NAT gateway', async () => {
    await sh(inner, `${curl} ${twinUrl()}/?inner`);
    expect(await seenByTwin('/?inner')).toBe(transitOf(privateSide.natAddress));
    await sh(front, `${curl} ${twinUrl()}/?front`);
    expect(await seenByTwin('/?front')).toBe(transitOf(frontAddress));
  });

  test('two guests of one address in two VPCs never meet', async () => {
    expect(await instanceIdOf(front)).toBe(front.instanceId);
    expect(await instanceIdOf(twin)).toBe(twin.instanceId);
    expect(await pings(front, '10.0.2.10')).toBe(true);
    expect(await pings(twin, '10.0.2.10')).toBe(false);
  });

  test('names of instances are those of their own VPC', async () => {
    const name = 'ip-10-0-2-10.ec2.internal';
    expect(await sh(front, `getent hosts ${name}`)).toMatch(/^10\.0\.2\.10 /);
    expect((await trySh(twin, `getent hosts ${name}`)).code).toBe(2);
  });

  test('without the route to the gateway there is no way in or out; with it there is again', async () => {
    await keepAsking(front, twinUrl());
    const { publicTable, gateway } = ours;
    const route = ['--route-table-id', publicTable, '--destination-cidr-block', anywhere];
    await ec2('delete-route', ...route);
    expect(await knock(frontAddress.ip, 22)).toBe('silent');
    await routeTo(ec2, publicTable, '--gateway-id', gateway);
    expect(await untilReply(front)).toContain('no');
  });

  test('a gateway stays attached while addresses are mapped; attached again, it leads out and in', async () => {
    const names = ['--internet-gateway-id', theirs.gateway, '--vpc-id', theirs.vpc];
    expect(await ec2.refused('detach-internet-gateway', ...names)).toBe('DependencyViolation');
    const association = await ec2(
      ...['describe-addresses', '--allocation-ids', moving.allocation],
      ...['--query', 'Addresses[0].AssociationId'],
    );
    await keepAsking(twin, urlOf(frontAddress));
    await ec2('disassociate-address', '--association-id', association);
    await ec2('detach-internet-gateway', ...names);
    expect(await knock(moving.ip, 22)).not.toBe('open');
    await ec2('attach-internet-gateway', ...names);
    await associate(moving, twin.instanceId);
    expect(await untilReply(twin)).toContain('no');
  });

  test('a network ACL refuses between subnets, and lets pass by its entries', async () => {
    const acl = await ec2(
      ...['create-network-acl', '--vpc-id', ours.vpc, '--query', 'NetworkAcl.NetworkAclId'],
    );
    const associations = `NetworkAcls[0].Associations[?SubnetId=='${privateSide.subnet}'].NetworkAclAssociationId`;
    const current = await ec2(
      ...['describe-network-acls', '--query', associations],
      ...['--filters', `Name=association.subnet-id,Values=${privateSide.subnet}`],
    );
    await ec2(
      ...['replace-network-acl-association', '--association-id', current],
      ...['--network-acl-id', acl],
    );
    expect(await pings(front, '10.0.2.10')).toBe(false);
    for (const direction of ['--ingress', '--egress']) {
      await ec2(
        ...['create-network-acl-entry', '--network-acl-id', acl, '--rule-number', '100'],
        ...[direction, '--protocol', '-1', '--rule-action', 'allow', '--cidr-block', anywhere],
      );
    }
    expect(await pings(front, '10.0.2.10')).toBe(true);
  });

  test('a security group refuses between subnets when its rule is revoked', async () => {
    const pairs = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: ours.group }] }];
    const rule = ['--group-id', ours.group, '--ip-permissions', JSON.stringify(pairs)];
    await ec2('revoke-security-group-ingress', ...rule);
    expect(await pings(front, '10.0.2.10')).toBe(false);
    await ec2('authorize-security-group-ingress', ...rule);
    expect(await pings(front, '10.0.2.10')).toBe(true);
  });

  test('an interface that is plugged is configured by the guest, and replies by its own card', async () => {
    await copyTo(inner, cloud.keyPath, '.ssh/key');
    cardId = await ec2(
      ...['create-network-interface', '--subnet-id', privateSide.subnet, '--groups', ours.group],
      ...['--private-ip-address', '10.0.2.20', '--query', 'NetworkInterface.NetworkInterfaceId'],
    );
    await ec2(
      ...['attach-network-interface', '--network-interface-id', cardId, '--device-index', '1'],
      ...['--instance-id', front.instanceId],
    );
    const options = '-o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5';
    const ask = `ssh -i .ssh/key ${options} ec2-user@10.0.2.20 cat /var/lib/cloud/data/instance-id`;
    const id = await until('ssh to the new address', () => sh(inner, ask));
    expect(id).toBe(front.instanceId);
    const way = (source: string, to: string) => sh(front, `ip route get ${to} from ${source}`);
    await until('the way of the first card', async () =>
      (await way('10.0.1.10', '10.0.2.10')).includes('dev eth0'),
    );
    expect(await way('10.0.2.20', '192.0.2.1')).toContain('dev eth1');
    expect(await pings(inner, '10.0.1.10')).toBe(true);
  });

  test('private addresses that are assigned later are the guest’s, on each of its cards', async () => {
    const assign = (nicId: string, address: string) =>
      ec2(
        ...['assign-private-ip-addresses', '--network-interface-id', nicId],
        ...['--private-ip-addresses', address],
      );
    await assign(await primaryOf(front.instanceId), '10.0.1.11');
    await assign(cardId, '10.0.2.21');
    for (const address of ['10.0.1.11', '10.0.2.21']) {
      await until(`a reply of ${address}`, () => pings(inner, address));
    }
  });

  test('an interface that is unplugged leaves no routes in the guest', async () => {
    const attachment = await ec2(
      ...['describe-network-interfaces', '--network-interface-ids', cardId],
      ...['--query', 'NetworkInterfaces[0].Attachment.AttachmentId'],
    );
    await ec2('detach-network-interface', '--attachment-id', attachment);
    await ec2('wait', 'network-interface-available', '--network-interface-ids', cardId);
    await until('no second card, and no rules of it', async () => {
      const rest = await sh(front, 'ip -brief link; ip rule');
      return !/eth1|lookup 1000/.test(rest);
    });
    await ec2('delete-network-interface', '--network-interface-id', cardId);
  });

  test('an Elastic IP address moves from one instance to another', async () => {
    expect(await instanceIdOf({ ...twin, address: moving.ip })).toBe(twin.instanceId);
    await ec2(
      ...['associate-address', '--allocation-id', moving.allocation, '--allow-reassociation'],
      ...['--network-interface-id', await primaryOf(front.instanceId)],
      ...['--private-ip-address', '10.0.1.11'],
    );
    expect(await instanceIdOf({ ...front, address: moving.ip })).toBe(front.instanceId);
  });

  test('all of it is deleted in order, and the kernel is as it was', async () => {
    const { vpc, publicSubnet, publicTable, group } = ours;
    for (const words of [
      ['delete-vpc', '--vpc-id', vpc],
      ['delete-subnet', '--subnet-id', publicSubnet],
      ['delete-route-table', '--route-table-id', publicTable],
      ['delete-security-group', '--group-id', group],
    ]) {
      expect(await ec2.refused(...words), words.join(' ')).toBe('DependencyViolation');
    }
    await cloud.terminate(front.instanceId, inner.instanceId, twin.instanceId);
    const { natGateway, natAddress } = privateSide;
    await ec2('delete-nat-gateway', '--nat-gateway-id', natGateway);
    await ec2('wait', 'nat-gateway-deleted', '--nat-gateway-ids', natGateway);
    for (const { allocation } of [natAddress, frontAddress, moving]) {
      await ec2('release-address', '--allocation-id', allocation);
    }
    await ec2('delete-subnet', '--subnet-id', privateSide.subnet);
    await ec2('delete-route-table', '--route-table-id', privateSide.table);
    const acls = await ec2(
      ...['describe-network-acls', '--query', 'NetworkAcls[?IsDefault==`false`].NetworkAclId'],
      ...['--filters', `Name=vpc-id,Values=${vpc}`],
    );
    await ec2('delete-network-acl', '--network-acl-id', acls);
    await Promise.all([deleteNetwork(ec2, ours), deleteNetwork(ec2, theirs)]);
    await until('the kernel as it was', async () => {
      expect(await kernelState()).toEqual(before);
      return true;
    });
  });
});
