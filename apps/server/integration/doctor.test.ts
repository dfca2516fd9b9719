import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
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
import { DatabaseSync } from 'node:sqlite';
import { messageOf, silentLogger } from '@bakehouse/base';
import { parameterKeySetting } from '@bakehouse/domain';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { secretBox } from '@bakehouse/ssm';
import { aHostId, aParameter } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { examine } from '../src/doctor/examine.ts';
import { serve } from '../src/serve.ts';

/** The configuration of a folder that a server without guests has made and left. */
async function leftFolder() {
  const root = await mkdtemp(join(tmpdir(), 'bakehouse-doctor-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const place = ['--data', root, '--listen', '127.0.0.1:0'];
  const config = readConfig([...place, '--compute', 'simulated'], {});
  const server = await serve(config, silentLogger);
  await server.ready;
  await server.close();
  await rm(join(root, 'builds'), { recursive: true });
  return { root, config };
}

/** Every name in a folder, with the content of files. The lock is held during a look. */
async function contentOf(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) return path;
    return `${path} ${createHash('sha256')
      .update(await readFile(path))
      .digest('hex')}`;
  });
  return (await Promise.all(lines)).filter((line) => !line.startsWith(join(root, 'lock'))).sort();
}

const unasked = () => Promise.reject(new Error('no server runs'));
const options = { fix: false, askServer: unasked, askParkedWork: unasked };

test('doctor looks for leftovers without a server and changes nothing in its folder', async () => {
  const { root, config } = await leftFolder();
  const before = await contentOf(root);
  const checks = await examine(config, options);
  expect(checks.filter(({ area }) => area === 'leftovers')).not.toEqual([]);
  expect(checks.filter(({ detail }) => detail.startsWith('cannot look'))).toEqual([]);
  expect(await contentOf(root)).toEqual(before);
});

test.each([false, true])(
  'doctor does not convert records of an earlier version, fix %s',
  async (fix) => {
    const { root, config } = await leftFolder();
    const database = new DatabaseSync(join(root, 'metadata.sqlite'));
    database.exec('DELETE FROM schema_migration WHERE version > 1');
    database.close();
    const before = await contentOf(root);
    const checks = await examine(config, { ...options, fix });
    expect(checks).toContainEqual(
      expect.objectContaining({
        area: 'leftovers',
        detail: expect.stringMatching(/start the server once/),
      }),
    );
    expect(await contentOf(root)).toEqual(before);
  },
);

test('doctor compares nothing with records of another folder, nor removes what those do not name', async () => {
  const { root, config } = await leftFolder();
  await writeFile(join(root, 'folder-id'), `${randomUUID()}\n`);
  await mkdir(join(root, 'volumes', 'vol-0aaaaaaaaaaaaaaa1'));
  const before = await contentOf(root);
  const checks = await examine(config, { ...options, fix: true });
  expect(checks.filter(({ area }) => area === 'leftovers')).toEqual([]);
  expect(await contentOf(root)).toEqual(before);
});

const sqlite = 'metadata.sqlite';

/** A folder with only a copy of another's records. */
async function copiedRecords() {
  const { root } = await leftFolder();
  const other = await mkdtemp(join(tmpdir(), 'bakehouse-doctor-'));
  onTestFinished(() => rm(other, { recursive: true, force: true }));
  await copyFile(join(root, sqlite), join(other, sqlite));
  return other;
}

/** A folder that a server has used, with a change. */
async function changed(change: (root: string) => Promise<unknown>) {
  const { root } = await leftFolder();
  await change(root);
  return root;
}

test.each([
  ['its records were removed', () => changed((root) => rm(join(root, sqlite)))],
  ['its records were emptied', () => changed((root) => writeFile(join(root, sqlite), ''))],
  ['its id was lost', () => changed((root) => rm(join(root, 'folder-id')))],
  [
    'its id is another',
    () => changed((root) => writeFile(join(root, 'folder-id'), `${randomUUID()}\n`)),
  ],
  ['its records are no database', () => changed((root) => writeFile(join(root, sqlite), 'text'))],
  [
    'its records are elsewhere',
    () => changed((root) => writeFile(join(root, 'records-place'), 'postgres://db/records\n')),
  ],
  ['its key is no key', () => changed((root) => writeFile(join(root, 'parameter-key'), 'short'))],
  ['it has only the records of another', copiedRecords],
] as const)('doctor fails in the words of the refused start: %s', async (_, makeFolder) => {
  const root = await makeFolder();
  for (const compute of ['simulated', 'qemu']) {
    const place = ['--data', root, '--listen', '127.0.0.1:0', '--compute', compute];
    const config = readConfig(place, {});
    const before = await contentOf(root);
    const found = (await examine(config, options)).filter(({ name }) => name === 'records');
    expect(await contentOf(root)).toEqual(before);
    const refused = await serve(config, silentLogger).then(
      () => 'served',
      (error: unknown) => messageOf(error),
    );
    expect(found).toEqual([{ area: 'data', name: 'records', status: 'fail', detail: refused }]);
  }
});

test('doctor warns of a key file that is not that of the SecureStrings', async () => {
  const { root, config } = await leftFolder();
  const metadata = await openSqliteMetadataStore({ path: join(root, sqlite), hostId: aHostId });
  const { content, ...rest } = aParameter();
  const value = secretBox(Buffer.alloc(32, 1)).seal('text', 'purpose');
  const secret = { ...rest, content: { ...content, type: 'SecureString', value } } as const;
  await metadata.write((tx) => tx.put('parameter', secret));
  await metadata.write((tx) => tx.delete('setting', parameterKeySetting));
  await metadata.close();
  const checks = await examine(config, options);
  expect(checks).toContainEqual({
    area: 'data',
    name: 'parameter key',
    status: 'warn',
    detail: expect.stringContaining(join(root, 'parameter-key')),
    remedy: expect.stringContaining('back from a backup'),
  });
});

test('doctor names what still uses the old path of a moved folder, and the ways out', async () => {
  const { root } = await leftFolder();
  const moved = `${root}-moved`;
  onTestFinished(() => rm(moved, { recursive: true, force: true }));
  // As the block server is called, which has a file of the store open.
  const program = join(root, 'block-server.ts');
  const code =
    "fs.openSync(process.argv[3] + '/held', 'w'); console.log(); setInterval(() => {}, 1000);";
  await writeFile(program, `import fs from 'node:fs';\n${code}\n`);
  const child = spawn(process.execPath, [program, '--store', join(root, 'blocks')], { cwd: '/' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await rename(root, moved);
  const config = readConfig(['--data', moved, '--listen', '127.0.0.1:0'], {});
  expect(await examine(config, options)).toContainEqual({
    area: 'leftovers',
    name: 'process',
    status: 'fail',
    detail: expect.stringMatching(`^${child.pid}: began on ${root}/blocks, .* moved to ${moved}`),
    remedy: expect.stringMatching(`move the folder back, .*; or .*: kill ${child.pid}$`),
  });
});
