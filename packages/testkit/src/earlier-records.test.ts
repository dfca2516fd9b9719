import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Boot,
  type MetadataStore,
  type RecordKind,
  type Root,
  recordKinds,
} from '@bakehouse/domain';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countAfterUpgrade, type EarlierVersion, readEarlierDatabase } from './earlier-records.ts';
import { aHostId } from './sample-values.ts';

/** A database of an earlier version, after this version has opened it. */
interface Opened {
  readonly path: string;
  readonly folder: string;
  /** Records of each kind before. */
  readonly counts: ReadonlyMap<string, number>;
  store: MetadataStore;
}

async function openEarlier(version: EarlierVersion): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-earlier-'));
  const path = join(folder, 'metadata.sqlite');
  const earlier = new DatabaseSync(path);
  earlier.exec(await readEarlierDatabase(version));
  const rows = earlier.prepare('SELECT kind, COUNT(*) AS count FROM record GROUP BY kind').all();
  const counts = new Map(rows.map(({ kind, count }) => [String(kind), Number(count)]));
  earlier.close();
  return { path, folder, counts, store: await openSqliteMetadataStore({ path, hostId: aHostId }) };
}

let opened: Readonly<Record<EarlierVersion, Opened>>;
beforeAll(async () => {
  opened = { 1: await openEarlier(1), 2: await openEarlier(2) };
});
afterAll(async () => {
  for (const { store, folder } of Object.values(opened)) {
    await store.close();
    await rm(folder, { recursive: true });
  }
});

const versions: readonly EarlierVersion[] = [1, 2];
const listOf = <K extends RecordKind>(version: EarlierVersion, kind: K) =>
  opened[version].store.read((tx) => tx.list(kind));
const list = <K extends RecordKind>(kind: K) => listOf(1, kind);

test.each(versions)('no record of version %s is lost', async (version) => {
  for (const kind of recordKinds) {
    const found = await listOf(version, kind);
    const expected = countAfterUpgrade(kind, opened[version].counts);
    expect([kind, found.length]).toEqual([kind, expected]);
  }
});

test.each(versions)('each part of a VPC of version %s has a record', async (version) => {
  const [vpc] = await listOf(version, 'vpc');
  const end = vpc?.id.slice('vpc-'.length);
  expect(vpc).toMatchObject({
    dhcpOptionsId: `dopt-${end}`,
    cidrAssociationId: `vpc-cidr-assoc-${end}`,
    mainRouteTable: { associationId: `rtbassoc-${end}` },
    dnsSupport: true,
    dnsHostnames: true,
  });
  const [gateway] = await listOf(version, 'internetGateway');
  const target = { kind: 'internet-gateway', id: gateway?.id };
  const { store } = opened[version];
  const inVpc = { where: { vpc: [vpc?.id ?? ''] } };
  expect(await store.read((tx) => tx.list('internetGateway', inVpc))).toEqual([gateway]);
  expect(await store.read((tx) => tx.list('routeTable', inVpc))).toMatchObject([
    { id: vpc?.mainRouteTable.routeTableId, routes: [{ destination: '0.0.0.0/0', target }] },
  ]);
  expect(await store.read((tx) => tx.list('networkAcl', inVpc))).toMatchObject([
    { id: `acl-${end}`, isDefault: true },
  ]);
  expect(await listOf(version, 'dhcpOptions')).toMatchObject([
    { id: `dopt-${end}`, ownerId: vpc?.ownerId, region: vpc?.region },
  ]);
  for (const { id, networkAcl } of await listOf(version, 'subnet'))
    expect(networkAcl).toEqual({
      networkAclId: `acl-${end}`,
      associationId: `aclassoc-${id.slice('subnet-'.length)}`,
    });
});

test('every snapshot has the origin that its records prove', async () => {
  const origins = (await list('snapshot')).map(({ id, origin }) => [id, origin]);
  expect(Object.fromEntries(origins)).toEqual({
    // In progress.
    'snap-0828463329035bd7f': { kind: 'capture', workflowId: 'wf-0e390afcea0e728f2' },
    'snap-02f0bca70e14c8c97': {
      kind: 'capture',
      workflowId: 'wf-0cb69d3b479044b26',
      imageId: 'ami-075fe501f1e66599b',
    },
    'snap-0e1d3ef7de126dab4': {
      kind: 'capture',
      workflowId: 'wf-0cb69d3b479044b26',
      imageId: 'ami-075fe501f1e66599b',
    },
    'snap-0ba9bb8fcb6a6cfd0': { kind: 'bake' },
    // Complete.
    'snap-0b1d49ff96f15ccf5': { kind: 'bake' },
    'snap-0ba6e06692a21cee2': { kind: 'bake' },
    'snap-0a00000000000000a': { kind: 'seed' },
    'snap-0a00000000000000b': { kind: 'seed' },
    'snap-0a00000000000000e': { kind: 'seed' },
    'snap-07afce48609fd2ddf': { kind: 'capture', imageId: 'ami-0e1cb68e2167465f1' },
    'snap-0f234adf06a70bb8e': { kind: 'capture', imageId: 'ami-0e1cb68e2167465f1' },
    'snap-0648d31a2ad5316f0': { kind: 'capture' },
    // Their image is gone, and a user wrote the third one's description.
    'snap-0662d9cb610599b94': { kind: 'capture' },
    'snap-0a3e1312dd7141d38': { kind: 'capture' },
    'snap-066abf2eb5edad3ce': { kind: 'capture' },
  });
});

test('what was encrypted has a key, and nothing says so in the old way', async () => {
  const records = [
    ...(await list('snapshot')),
    ...(await list('image')),
    ...(await list('volume')),
  ];
  const encrypted = records.filter((record) => JSON.stringify(record).includes('"encryption":{'));
  expect(encrypted.map(({ id }) => id)).toEqual([
    'snap-0a00000000000000b',
    'ami-0a00000000000000b',
  ]);
  expect(records.filter((record) => JSON.stringify(record).includes('"encrypted":'))).toEqual([]);
  expect(encrypted[0]).toMatchObject({ encryption: { keyId: 'alias/aws/ebs' } });
});

test.each(versions)(
  'what has a place in version %s is on the host that it was opened for',
  async (version) => {
    const placed = [
      ...(await listOf(version, 'instance')),
      ...(await listOf(version, 'volume')),
      ...(await listOf(version, 'networkInterface')),
    ];
    expect(placed.length).toBeGreaterThan(3);
    for (const { id, hostId } of placed) expect([id, hostId]).toEqual([id, aHostId]);
  },
);

const ids = { kernelId: 'aki-0a00000c', ramdiskId: 'ari-0a00000c' };

/** By the name of the image: what its root is, and how it boots. */
const rootsAndBoots: Readonly<Record<string, readonly [Root['kind'], Boot]>> = {
  hvm: ['ebs', { kind: 'disk' }],
  'hvm-legacy-bios': ['ebs', { kind: 'disk', mode: 'legacy-bios' }],
  'hvm-uefi-preferred': ['ebs', { kind: 'disk', mode: 'uefi-preferred' }],
  'hvm-uefi': ['ebs', { kind: 'disk', mode: 'uefi' }],
  'hvm-kernel': ['ebs', { kind: 'disk', ...ids }],
  'hvm-instance-store': ['instance-store', { kind: 'disk' }],
  'pv-instance-store': ['instance-store', { kind: 'kernel', ...ids }],
  'pv-kernel': ['ebs', { kind: 'kernel', kernelId: ids.kernelId }],
  pv: ['ebs', { kind: 'kernel' }],
  'pv-uefi': ['ebs', { kind: 'kernel', ...ids }],
};
const made: typeof rootsAndBoots = {
  'of-uefi-preferred': ['ebs', { kind: 'disk', mode: 'uefi-preferred' }],
  'of-pv-kernel': ['ebs', { kind: 'kernel', kernelId: ids.kernelId }],
  registered: ['ebs', { kind: 'kernel' }],
};

test('every image and every instance of version 2 has its root and its boot', async () => {
  const images = await listOf(2, 'image');
  const shown = images.map(({ name, root, boot }) => [name, [root.kind, boot]]);
  expect(Object.fromEntries(shown)).toStrictEqual({ ...rootsAndBoots, ...made });
  // Each was launched with the name of its image as the client token.
  const instances = await listOf(2, 'instance');
  const launched = instances.map(({ clientToken, root, boot }) => [clientToken, [root.kind, boot]]);
  expect(Object.fromEntries(launched)).toStrictEqual(rootsAndBoots);
  for (const { root } of [...images, ...instances]) expect(root.deviceName).toBe('/dev/sda1');
});

test("instances of version 1, which did not keep it, get their image's boot mode", async () => {
  const boots = (await list('instance')).map(({ imageId, boot }) => [imageId, boot]);
  expect(Object.fromEntries(boots)).toStrictEqual({
    'ami-03ec4aa025038f481': { kind: 'disk', mode: 'legacy-bios' },
    'ami-0a00000000000000a': { kind: 'disk', mode: 'uefi-preferred' },
    'ami-0a00000000000000b': { kind: 'disk' },
    'ami-0a00000000000000d': { kind: 'disk' },
    'ami-0a00000c': { kind: 'kernel' },
  });
});

test('nothing says in the old way what boots and from where', async () => {
  const flat =
    /^(rootDevice(Type|Name)|virtualizationType|bootMode|imageBootMode|kernelId|ramdiskId)$/;
  for (const version of versions) {
    const records = [...(await listOf(version, 'image')), ...(await listOf(version, 'instance'))];
    expect(records.flatMap(Object.keys).filter((member) => flat.test(member))).toEqual([]);
  }
});

test.each(versions)('a second opening of version %s changes nothing', async (version) => {
  const { path, store } = opened[version];
  const before = await Promise.all(recordKinds.map((kind) => listOf(version, kind)));
  await store.close();
  const logged: string[] = [];
  const logger = { log: (_: string, message: string) => logged.push(message), with: () => logger };
  opened[version].store = await openSqliteMetadataStore({ path, logger });
  expect(await Promise.all(recordKinds.map((kind) => listOf(version, kind)))).toEqual(before);
  expect(logged).toEqual([]);
});

test('records are found as before', async () => {
  const where = { state: ['pending'] };
  const pending = await opened[1].store.read((tx) => tx.list('snapshot', { where }));
  expect(pending).toHaveLength(4);
  const running = { where: { state: ['running'] } };
  expect(await opened[2].store.read((tx) => tx.list('instance', running))).toHaveLength(10);
});
