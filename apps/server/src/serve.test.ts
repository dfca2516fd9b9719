import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { adminClient, readEvents } from '@bakehouse/aws-wire';
import { silentLogger } from '@bakehouse/base';
import { hostIdOf } from '@bakehouse/domain';
import { readEarlierDatabase } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from './config.ts';
import { type RunningServer, serve } from './serve.ts';
import { wireSimulatedDrivers } from './wiring/simulated-drivers.ts';

async function newFolder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-serve-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return root;
}

/** A simulated server whose host is put in order by `openHost`, and whose drivers are closed by `close`. */
async function serverOf(
  root: string,
  openHost: () => Promise<void>,
  options: readonly string[] = [],
  close = async () => {},
): Promise<RunningServer> {
  const place = ['--data', root, '--listen', '127.0.0.1:0', ...options];
  const config = readConfig([...place, '--compute', 'simulated', '--auth', 'open'], {});
  return await serve(config, silentLogger, async (_config, _data, parts) => {
    const wired = await wireSimulatedDrivers(parts);
    return {
      ...wired,
      close,
      async open() {
        await openHost();
        await wired.open();
      },
    };
  });
}

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'any' };
const scope = `Credential=${credentials.accessKeyId}/20260101/us-east-1/ec2/aws4_request`;
const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;

async function ec2({ url }: RunningServer, action: string, parameters: Record<string, string>) {
  const body = new URLSearchParams({ Action: action, Version: '2016-11-15', ...parameters });
  const headers = { authorization, 'x-amz-date': '20260101T000000Z' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

const healthOf = async ({ url }: RunningServer) => (await fetch(`${url}/healthz`)).json();

/** Creates a volume and returns its id. */
async function createVolume(server: RunningServer): Promise<string> {
  const zone = { AvailabilityZone: 'us-east-1a' };
  const reply = await ec2(server, 'CreateVolume', { Size: '1', ...zone });
  return /<volumeId>([^<]+)</.exec(reply)?.[1] ?? '';
}

const volumesOf = (server: RunningServer, id: string) =>
  ec2(server, 'DescribeVolumes', { 'VolumeId.1': id });

/** A data folder with a volume that an earlier server has created. */
async function folderWithVolume() {
  const root = await newFolder();
  const server = await serverOf(root, async () => {});
  const volumeId = await createVolume(server);
  await expect.poll(() => volumesOf(server, volumeId)).toContain('<status>available</status>');
  await server.close();
  return { root, volumeId };
}

test('a restarted server serves before the host is in order; what needs the host waits', async () => {
  const { root, volumeId } = await folderWithVolume();
  const host = Promise.withResolvers<void>();
  const server = await serverOf(root, () => host.promise);
  await expect.poll(() => healthOf(server)).toMatchObject({ status: 'starting', starting: 'host' });
  const created = await createVolume(server);
  expect(await volumesOf(server, created)).toContain('<status>creating</status>');
  expect(await volumesOf(server, volumeId)).toContain('<status>available</status>');
  expect(await ec2(server, 'DescribeInstanceStatus', {})).toContain('<instanceStatusSet/>');

  const order: string[] = [];
  const operator = adminClient({ endpoint: server.url, credentials, region: 'us-east-1' });
  const rule = { IpProtocol: 'tcp', FromPort: '22', ToPort: '22', CidrIp: '10.0.0.0/8' };
  const group = { GroupName: 'default', ...rule };
  const waiting = [
    operator.call('Usage', {}).then(() => order.push('operator')),
    ec2(server, 'AuthorizeSecurityGroupIngress', group).then(() => order.push('policy')),
    ec2(server, 'CreateSnapshot', { VolumeId: volumeId }).then(() => order.push('snapshot')),
  ];
  // The rule is recorded; its reply waits until it is in force.
  await expect
    .poll(() => ec2(server, 'DescribeSecurityGroups', {}))
    .toContain('<cidrIp>10.0.0.0/8</cidrIp>');
  expect(await ec2(server, 'DescribeSnapshots', { 'Owner.1': 'self' })).not.toContain(volumeId);
  expect(order).toEqual([]);

  host.resolve();
  await server.ready;
  await Promise.all(waiting);
  expect(order.toSorted()).toEqual(['operator', 'policy', 'snapshot']);
  await expect.poll(() => volumesOf(server, created)).toContain('<status>available</status>');
  expect(await healthOf(server)).toMatchObject({ status: 'ok' });
  await server.close();
});

test('a host that cannot be put in order fails the start; closing the server closes its drivers', async () => {
  const refusal = () => Promise.reject(new Error('no nftables here'));
  let closed = 0;
  const server = await serverOf(await newFolder(), refusal, [], async () => {
    closed += 1;
  });
  await expect(server.ready).rejects.toThrow('no nftables here');
  await server.close();
  expect(closed).toBe(1);
});

test('an image that a reset puts back is an event', async () => {
  const root = await newFolder();
  const seedPath = join(root, 'images.json');
  const seeded = { ImageId: 'ami-0aaaaaaaaaaaaaaa1', OwnerId: '123456789012', Name: 'seeded' };
  await writeFile(seedPath, JSON.stringify({ Images: [seeded] }));
  const server = await serverOf(root, async () => {}, ['--seed', seedPath]);
  await server.ready;
  const client = { endpoint: server.url, credentials, region: 'us-east-1' };
  const reader = readEvents(client, { kinds: ['image'] });
  expect((await reader.next()).value).toMatchObject({ type: 'start' });
  const reset = await fetch(`${server.url}/_bakehouse/reset`, { method: 'POST' });
  expect(reset.status).toBe(200);
  expect((await reader.next()).value).toMatchObject({ type: 'gap' });
  expect((await reader.next()).value).toMatchObject({
    type: 'event',
    event: { kind: 'image', id: seeded.ImageId, change: 'put' },
  });
  await reader.return();
  await server.close();
});

test('a start warns of images that differ from an edited seed file, a reset takes those of the file', async () => {
  const root = await newFolder();
  const seedPath = join(root, 'images.json');
  const [image, other] = ['ami-0aaaaaaaaaaaaaaa1', 'ami-0aaaaaaaaaaaaaaa2'].map((ImageId) => ({
    ImageId,
    OwnerId: '123456789012',
    Name: ImageId,
  }));
  const put = (...Images: unknown[]) => writeFile(seedPath, JSON.stringify({ Images }));
  const place = ['--data', root, '--listen', '127.0.0.1:0', '--seed', seedPath];
  const config = readConfig([...place, '--compute', 'simulated', '--auth', 'open'], {});
  const warnings: object[] = [];
  const log = (_: string, message: string, fields = {}) => {
    if (message.includes('seed file')) warnings.push({ message, ...fields });
  };
  const restart = async () => {
    const server = await serve(config, { ...silentLogger, log });
    await server.ready;
    return server;
  };
  await put(image, other);
  await (await restart()).close();
  await (await restart()).close();
  expect(warnings).toEqual([]);
  await put({ ...image, Name: 'edited' }, other);
  const server = await restart();
  const message = expect.stringContaining('use another data folder, or POST /_bakehouse/reset');
  expect(warnings).toEqual([{ message, count: 1, imageIds: [image?.ImageId] }]);
  await fetch(`${server.url}/_bakehouse/reset`, { method: 'POST' });
  expect(await ec2(server, 'DescribeImages', {})).toContain('<name>edited</name>');
  await server.close();
  await (await restart()).close();
  expect(warnings).toHaveLength(1);
});

test('a server does not use records of another folder, but those of its own after a move', async () => {
  const { root, volumeId } = await folderWithVolume();
  const other = await newFolder();
  const database = 'metadata.sqlite';
  await cp(join(root, database), join(other, database));
  const before = await readFile(join(other, database));
  await expect(serverOf(other, async () => {})).rejects.toMatchObject({ name: 'UsageError' });
  expect(await readFile(join(other, database))).toEqual(before);

  const copy = join(await newFolder(), 'moved');
  await cp(root, copy, { recursive: true });
  const server = await serverOf(copy, async () => {});
  await server.ready;
  await ec2(server, 'DeleteVolume', { VolumeId: volumeId });
  await server.close();
});

/** The hosts that the records of a folder name, as its database has them when no server runs. */
function hostsIn(root: string): ReadonlySet<unknown> {
  const database = new DatabaseSync(join(root, 'metadata.sqlite'));
  const placed = "SELECT body FROM record WHERE kind IN ('instance', 'volume', 'networkInterface')";
  const rows = database.prepare(placed).all();
  database.close();
  return new Set(rows.map(({ body }) => JSON.parse(String(body)).hostId));
}

test.each([1, 2] as const)(
  'records of version %s, and new ones, are on the host of their folder',
  async (version) => {
    const root = await newFolder();
    const earlier = new DatabaseSync(join(root, 'metadata.sqlite'));
    earlier.exec(await readEarlierDatabase(version));
    earlier.close();
    const server = await serverOf(root, async () => {});
    await server.ready;
    await createVolume(server);
    await server.close();
    const folderId = (await readFile(join(root, 'folder-id'), 'utf8')).trim();
    expect([...hostsIn(root)]).toEqual([hostIdOf(folderId)]);
  },
);
