import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataFolderSetting, type MetadataStore } from '@bakehouse/domain';
import { MemoryMetadataStore } from '@bakehouse/fakes';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { aHostId, anAccount } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { openDataDirectory } from './data-directory.ts';
import {
  checkNewFolder,
  checkOwnRecords,
  checkRecordsPlace,
  claimRecords,
} from './records-place.ts';

async function folder() {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'bakehouse-place-'));
  onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
  return await openDataDirectory({ dataDirectory, runtimeParent: dataDirectory });
}

const drawn = '0f3a9c1e-2b4d-4f60-8a1b-2c3d4e5f6071';
const metadataUrl = 'postgres://db/bakehouse?sslkey=/secret';
const usage = { name: 'UsageError' };
const real = { metadataUrl, compute: 'qemu' } as const;
const simulated = { metadataUrl, compute: 'simulated' } as const;

/** A folder whose records are in a database of its own. */
async function claimed() {
  const data = await folder();
  const metadata = new MemoryMetadataStore();
  await claimRecords(metadata, real, data);
  return { data, metadata };
}

test('a folder whose records are in PostgreSQL is refused without them', async () => {
  const { data } = await claimed();
  const refused = checkRecordsPlace(data, {});
  await expect(refused).rejects.toMatchObject(usage);
  await expect(refused).rejects.toThrow(/are in postgres:\/\/db\/bakehouse;/);
  await rm(data.recordsPlace);
  await expect(checkRecordsPlace(data, {})).rejects.toMatchObject(usage);
});

test('a folder whose records are in one database is refused with another', async () => {
  const { data } = await claimed();
  const refused = checkRecordsPlace(data, { metadataUrl: 'postgres://other/bakehouse' });
  await expect(refused).rejects.toMatchObject(usage);
  for (const named of ['postgres://db/bakehouse', 'postgres://other/bakehouse', data.recordsPlace])
    await expect(refused).rejects.toThrow(named);
  expect(await readFile(data.recordsPlace, 'utf8')).toBe('postgres://db/bakehouse\n');
  await checkRecordsPlace(data, { metadataUrl: 'postgresql://db:5432/bakehouse' });
});

test('a folder with records of its own is refused with PostgreSQL', async () => {
  const data = await folder();
  await writeFile(data.metadata, 'records');
  await expect(checkRecordsPlace(data, { metadataUrl })).rejects.toMatchObject(usage);
  await checkRecordsPlace(data, {});
});

test('a folder notes only a database that has accepted it', async () => {
  const { metadata } = await claimed();
  const data = await folder();
  await checkRecordsPlace(data, { metadataUrl });
  await expect(claimRecords(metadata, real, data)).rejects.toMatchObject(usage);
  await checkRecordsPlace(data, {});
});

test('a folder that has records elsewhere does not begin others in an empty database', async () => {
  const { data, metadata } = await claimed();
  const empty = new MemoryMetadataStore();
  await expect(claimRecords(empty, real, data)).rejects.toMatchObject(usage);
  expect(await empty.read((tx) => tx.list('setting'))).toEqual([]);
  // The note is gone because the database has moved: still not to an empty one.
  await rm(data.recordsPlace);
  await expect(claimRecords(empty, real, data)).rejects.toThrow('does not have the records');
  await claimRecords(metadata, real, data);
  await expect(checkRecordsPlace(data, {})).rejects.toThrow('postgres://db/bakehouse');
});

test('after a crash between the claim and its notes, the claim is accepted again', async () => {
  const { data, metadata } = await claimed();
  await rm(data.recordsPlace);
  await claimRecords(metadata, real, data);
  await rm(data.recordsPlace);
  await rename(data.folderId, `${data.folderId}.new`);
  await claimRecords(metadata, real, data);
  await claimRecords(metadata, real, data);
  expect(await readFile(data.recordsPlace, 'utf8')).toBe('postgres://db/bakehouse\n');
});

test('after a crash before the claim, the folder can still claim', async () => {
  const data = await folder();
  await writeFile(`${data.folderId}.new`, `${drawn}\n`);
  const hostId = await claimRecords(new MemoryMetadataStore(), real, data);
  expect(await readFile(data.folderId, 'utf8')).toBe(`${drawn}\n`);
  expect(hostId).toBe('host-0f3a9c1e2b4d4f608');
});

test('records of real guests belong to one folder', async () => {
  const { data, metadata } = await claimed();
  const other = await folder();
  await claimRecords(metadata, real, data);
  await expect(claimRecords(metadata, real, other)).rejects.toThrow(data.root);
  await expect(claimRecords(metadata, simulated, other)).rejects.toThrow(data.root);
  await expect(claimRecords(metadata, simulated, data)).rejects.toMatchObject(usage);
});

test('servers with simulated guests share records, which real guests cannot have', async () => {
  const metadata = new MemoryMetadataStore();
  const [one, other] = [await folder(), await folder()];
  const hosts = [];
  for (const data of [one, other, one]) hosts.push(await claimRecords(metadata, simulated, data));
  // What one has begun, the next goes on with: it is on the same host.
  expect(new Set(hosts).size).toBe(1);
  for (const data of [one, other, await folder()])
    await expect(claimRecords(metadata, real, data)).rejects.toThrow('simulated');
});

test('a claim of an earlier version is one of real guests', async () => {
  const { data, metadata } = await claimed();
  await metadata.write(async (tx) => {
    const claim = await tx.get('setting', dataFolderSetting);
    const value = { ...Object(claim?.value), compute: undefined };
    await tx.put('setting', { id: dataFolderSetting, value });
  });
  await claimRecords(metadata, real, data);
  await expect(claimRecords(metadata, simulated, await folder())).rejects.toMatchObject(usage);
});

const inFolder = { compute: 'qemu' } as const;

/** A folder with records of its own, as a server leaves it. */
async function used() {
  const data = await folder();
  const metadata = new MemoryMetadataStore();
  await writeFile(data.metadata, 'records');
  const hostId = await claimRecords(metadata, inFolder, data);
  await metadata.write((tx) => tx.put('account', anAccount()));
  return { data, metadata, hostId };
}

/** As by an upgrade: versions before did not note the folder in its own records. */
const forgetClaim = (metadata: MetadataStore) =>
  metadata.write((tx) => tx.delete('setting', dataFolderSetting));

test('a folder has one host, whatever its guests are and however often it starts', async () => {
  const { data, metadata, hostId } = await used();
  for (const compute of ['qemu', 'simulated', 'qemu'] as const)
    expect(await claimRecords(metadata, { compute }, data)).toBe(hostId);
  await checkOwnRecords(metadata, data);
  await checkRecordsPlace(data, {});
});

test("another folder's records are refused, with the way to say that the folder has moved", async () => {
  const { data, metadata, hostId } = await used();
  const { data: other, hostId: otherHostId } = await used();
  expect(otherHostId).not.toBe(hostId);
  const [id] = (await readFile(data.folderId, 'utf8')).split('\n');
  let place = data.root;
  for (const target of [other, await folder()]) {
    const refused = claimRecords(metadata, inFolder, target);
    await expect(refused).rejects.toMatchObject(usage);
    for (const named of [place, target.folderId, id ?? ''])
      await expect(refused).rejects.toThrow(named);
    await expect(checkOwnRecords(metadata, target)).rejects.toMatchObject(usage);
    await writeFile(target.folderId, `${id}\n`);
    expect(await claimRecords(metadata, inFolder, target)).toBe(hostId);
    place = target.root;
  }
});

test('a folder whose records are missing is refused: its disks would be leftovers', async () => {
  const { data } = await used();
  await expect(claimRecords(new MemoryMetadataStore(), inFolder, data)).rejects.toThrow(data.root);
  await rm(data.metadata);
  await expect(checkRecordsPlace(data, {})).rejects.toThrow(data.metadata);
});

test('an empty file has no records', async () => {
  const { data } = await used();
  await writeFile(data.metadata, '');
  await expect(checkRecordsPlace(data, {})).rejects.toThrow(`${data.metadata} does not exist`);
});

test('records whose own folder lost its id name the id to write, and no other folder', async () => {
  const { data, metadata, hostId } = await used();
  const id = (await readFile(data.folderId, 'utf8')).trim();
  await rm(data.folderId);
  const refused = claimRecords(metadata, inFolder, data);
  await expect(refused).rejects.toThrow(`write ${id} into ${data.folderId}`);
  await expect(refused).rejects.not.toThrow('use that folder');
  await expect(checkOwnRecords(metadata, data)).rejects.toThrow(`write ${id} into`);
  await writeFile(data.folderId, `${id}\n`);
  expect(await claimRecords(metadata, inFolder, data)).toBe(hostId);
  // What the refused start drew does not stay.
  expect(await readdir(data.root)).not.toContain('folder-id.new');
});

test("another folder's records in a folder that no server has made are refused, and nothing is made", async () => {
  const path = join((await folder()).root, 'metadata.sqlite');
  const other = await folder();
  const store = await openSqliteMetadataStore({ path, hostId: aHostId });
  await claimRecords(store, inFolder, other);
  await store.close();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'bakehouse-place-'));
  onTestFinished(() => rm(dataDirectory, { recursive: true, force: true }));
  const place = { ...inFolder, dataDirectory, runtimeParent: dataDirectory };
  await checkNewFolder(place);
  await copyFile(path, join(dataDirectory, 'metadata.sqlite'));
  await expect(checkNewFolder(place)).rejects.toThrow(other.root);
  expect(await readdir(dataDirectory)).toEqual(['metadata.sqlite']);
});

test('a folder of an earlier version, with disks and without records, is refused', async () => {
  const data = await folder();
  await mkdir(join(data.volumes, 'lost+found'));
  await checkRecordsPlace(data, {});
  await writeFile(join(data.volumes, 'vol-1'), '');
  await expect(checkRecordsPlace(data, {})).rejects.toThrow('down --destroy --delete-data');
});

test('such a folder is refused with an empty database, and accepted with its own', async () => {
  const data = await folder();
  await writeFile(join(data.volumes, 'vol-1'), '');
  await checkRecordsPlace(data, real);
  const metadata = new MemoryMetadataStore();
  await expect(claimRecords(metadata, real, data)).rejects.toThrow('does not have the records');
  expect(await metadata.read((tx) => tx.list('setting'))).toEqual([]);
  await metadata.write((tx) => tx.put('account', anAccount()));
  await claimRecords(metadata, real, data);
});

test('records in PostgreSQL that name no folder are not those of one that is used', async () => {
  const { data } = await claimed();
  const metadata = new MemoryMetadataStore();
  await metadata.write((tx) => tx.put('account', anAccount()));
  await expect(claimRecords(metadata, real, data)).rejects.toThrow('does not have the records');
});

test('a claim that a crash left without its note is no other folder', async () => {
  const { data, metadata } = await used();
  await rename(data.folderId, `${data.folderId}.new`);
  await checkOwnRecords(metadata, data);
});

test('records of a version that knew no folder are claimed, also when a backup brings them back', async () => {
  const { data, metadata, hostId } = await used();
  await forgetClaim(metadata);
  await expect(checkOwnRecords(metadata, data)).rejects.toThrow('start the server once');
  expect(await claimRecords(metadata, inFolder, data)).toBe(hostId);
});

test('a damaged folder id is refused, not drawn again', async () => {
  const { data, metadata } = await used();
  await writeFile(data.folderId, 'mine\n');
  await expect(claimRecords(metadata, inFolder, data)).rejects.toThrow('from a backup');
});
