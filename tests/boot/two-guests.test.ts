import { join } from 'node:path';
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cloud, type Machine, openCloud, sshFromHost } from './support/cloud.ts';
import { copyTo, login, sh, trySh } from './support/guest.ts';
import { until } from './support/wait.ts';

const platform = inject('platform');
const programs = join(import.meta.dirname, 'guest');
const everything: IpPermission = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

/** Two guests of one VPC, each in a group of its own. */
describe('two guests', () => {
  let cloud: Cloud;
  let clients: string;
  let servers: string;
  let client: Machine;
  let server: Machine;
  let clientIp: string;
  let serverIp: string;

  beforeAll(async () => {
    cloud = await openCloud(platform, 'two-guests');
    clients = await cloud.group('clients', sshFromHost);
    servers = await cloud.group('servers', sshFromHost);
    client = await cloud.launch({ SecurityGroupIds: [clients] });
    server = await cloud.launch({ SecurityGroupIds: [servers] });
    for (const guest of [client, server]) await login(guest);
    await copyTo(client, cloud.keyPath, '.ssh/key');
    clientIp = (await cloud.describe(client.instanceId)).PrivateIpAddress ?? '';
    serverIp = (await cloud.describe(server.instanceId)).PrivateIpAddress ?? '';
  });
  afterAll(() => cloud.end());

  const fromClients = (permission: IpPermission): IpPermission => ({
    ...permission,
    UserIdGroupPairs: [{ GroupId: clients }],
  });
  const pings = () => fromClients({ IpProtocol: 'icmp', FromPort: 8, ToPort: -1 });
  const sshToServers = () => fromClients({ IpProtocol: 'tcp', FromPort: 22, ToPort: 22 });

  async function allow(permission: IpPermission): Promise<void> {
    await cloud.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({ GroupId: servers, IpPermissions: [permission] }),
    );
  }
  async function revoke(permission: IpPermission): Promise<void> {
    await cloud.ec2.send(
      new RevokeSecurityGroupIngressCommand({ GroupId: servers, IpPermissions: [permission] }),
    );
  }
  const ping = async (from: Machine, to: string) =>
    (await trySh(from, `ping -q -c 3 -i 0.3 -W 5 ${to}`)).code === 0;
  const ssh = (command: string) =>
    `ssh -i .ssh/key -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=20 ec2-user@${serverIp} ${command}`;

  test('do not reach each other while no rule says so', async () => {
    expect(await ping(client, serverIp)).toBe(false);
    expect(await ping(server, clientIp)).toBe(false);
    const refused = await trySh(client, `${ssh('true')}`);
    expect(refused.stderr).toMatch(/timed out/);
  });

  test('ping one way when the group of the one is let into the group of the other', async () => {
    await allow(pings());
    expect(await ping(client, serverIp)).toBe(true);
    expect(await ping(server, clientIp)).toBe(false);
    expect((await trySh(client, ssh('true'))).stderr).toMatch(/timed out/);
  });

  test('ping no more when the sender may not send', async () => {
    const GroupId = clients;
    const IpPermissions = [everything];
    await cloud.ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
    expect(await ping(client, serverIp)).toBe(false);
    await cloud.ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
    expect(await ping(client, serverIp)).toBe(true);
  });

  test('log in to each other by private address; a revoked rule cuts the open connection', async () => {
    await allow(sshToServers());
    expect(await sh(client, ssh('hostname'))).toBe(`ip-${serverIp.replaceAll('.', '-')}`);
    const ticking = `"while :; do echo tick; sleep 0.2; done"`;
    await sh(client, `nohup ${ssh(ticking)} > ticks 2> /dev/null < /dev/null &`);
    const ticks = async () => Number(await sh(client, 'wc -l < ticks'));
    await until('ticks over the connection', async () => (await ticks()) > 5);
    await revoke(sshToServers());
    const atRevoke = await ticks();
    // Far more time than a tick takes.
    expect((await trySh(client, ssh('true'))).stderr).toMatch(/timed out/);
    expect(await ticks()).toBe(atRevoke);
  });

  test('cannot speak with the address or hardware address of another', async () => {
    await copyTo(server, join(programs, 'hear.py'), 'hear.py');
    await copyTo(client, join(programs, 'shout.py'), 'shout.py');
    const fromAll = { IpProtocol: 'icmp', FromPort: 8, ToPort: -1 };
    await allow({ ...fromAll, IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
    await sh(server, 'sudo nohup python3 hear.py heard > hear.log 2>&1 < /dev/null &');
    const heard = async () => (await sh(server, 'cat heard')).split('\n');
    await until('the listener', async () => (await heard()).includes('listening'));
    expect(await ping(client, serverIp)).toBe(true);
    const nobody = serverIp.replace(/\d+$/, (last) => String((Number(last) % 200) + 11));
    await sh(client, `sudo python3 shout.py ${serverIp} ${nobody}`);
    await until('the last ping', async () => (await heard()).includes(`${clientIp} honest again`));
    const received = (await heard()).filter((line) => /honest|another/.test(line));
    expect(received).toEqual([`${clientIp} honest`, `${clientIp} honest again`]);
    // The one whose address was claimed still has it.
    expect(await sh(server, 'hostname')).toBe(`ip-${serverIp.replaceAll('.', '-')}`);
  });

  test("cannot read each other's metadata", async () => {
    const token = `curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token`;
    const id = (tokenText: string, options = '') =>
      `curl -s -m 15 ${options} -w ' %{http_code}' -H 'X-aws-ec2-metadata-token: ${tokenText}' http://169.254.169.254/latest/meta-data/instance-id`;
    const own = await sh(client, token);
    const others = await sh(server, token);
    expect(await sh(client, id(own))).toBe(`${client.instanceId} 200`);
    expect(await sh(server, id(others))).toBe(`${server.instanceId} 200`);
    expect(await sh(client, id(others))).toMatch(/ 401$/);

    await sh(client, `sudo ip address add ${serverIp}/32 dev eth0`);
    const asTheOther = await trySh(client, id(others, `--interface ${serverIp}`));
    // curl: 28 is a time limit.
    expect(asTheOther).toMatchObject({ code: 28, stdout: ' 000' });
    await sh(client, `sudo ip address delete ${serverIp}/32 dev eth0`);
    expect(await sh(client, id(own, `--interface ${clientIp}`))).toBe(`${client.instanceId} 200`);
  });
});
