import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { environmentFor, findConnection } from './connection.ts';

const data = mkdtempSync(join(tmpdir(), 'bakehouse-cli-'));
writeFileSync(join(data, 'endpoint.json'), '{"url":"http://127.0.0.1:1","pid":1,"compute":"qemu"}');
writeFileSync(
  join(data, 'credentials'),
  '[bakehouse]\naws_access_key_id = AKIA1\naws_secret_access_key = s=1/+\nregion = eu-west-1\n',
);
afterAll(() => rmSync(data, { recursive: true }));

const kept = {
  endpoint: 'http://127.0.0.1:1',
  accessKeyId: 'AKIA1',
  secretAccessKey: 's=1/+',
  region: 'eu-west-1',
  dataDirectory: data,
  platformOwner: 'amazon',
};

test('by default, what the server wrote down', async () => {
  expect(await findConnection({ BAKEHOUSE_DATA: data })).toEqual(kept);
});

test.each([
  ['the region of the call', {}, 'us-west-2', { region: 'us-west-2' }],
  ['AWS_REGION', { AWS_REGION: 'us-west-2' }, undefined, { region: 'us-west-2' }],
  [
    'credentials, when both halves are there',
    { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'B' },
    undefined,
    { accessKeyId: 'A', secretAccessKey: 'B' },
  ],
  ['half of them counts for nothing', { AWS_ACCESS_KEY_ID: 'A' }, undefined, {}],
  ['AWS_ENDPOINT_URL', { AWS_ENDPOINT_URL: 'http://x' }, undefined, { endpoint: 'http://x' }],
])('what is asked for goes before: %s', async (_, environment, region, expected) => {
  const found = await findConnection({ BAKEHOUSE_DATA: data, ...environment }, region);
  expect(found).toEqual({ ...kept, ...expected });
});

test.each(['foo', 'ftp://x', 'http:'])(
  'AWS_ENDPOINT_URL %s is a mistake in the call',
  async (url) => {
    const found = findConnection({ BAKEHOUSE_DATA: data, AWS_ENDPOINT_URL: url });
    await expect(found).rejects.toMatchObject({
      name: 'CommandUsageError',
      message: expect.stringContaining(`AWS_ENDPOINT_URL is '${url}'`),
    });
  },
);

test('a folder that no server has had is refused, with the way out', async () => {
  const missing = findConnection({ BAKEHOUSE_DATA: join(data, 'none') });
  await expect(missing).rejects.toThrow(/no server has run on .*bakehouse serve/);
});

test("a folder's own server is meant, whatever the shell points tools at", () => {
  const shell = { AWS_ENDPOINT_URL: 'http://x', AWS_ACCESS_KEY_ID: 'A', AWS_REGION: 'us-west-2' };
  expect(environmentFor('/d', shell)).toEqual({ AWS_REGION: 'us-west-2', BAKEHOUSE_DATA: '/d' });
});

test('the port of ssh is that of the server that is meant', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bakehouse-connection-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const endpoint = { url: 'http://127.0.0.1:1', pid: 1, compute: 'qemu', sshPort: 20_022 };
  writeFileSync(join(folder, 'endpoint.json'), JSON.stringify(endpoint));
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
  const environment = { BAKEHOUSE_DATA: folder, ...keys };
  expect(await findConnection(environment)).toMatchObject({ sshPort: 20_022 });
  const elsewhere = { ...environment, AWS_ENDPOINT_URL: 'http://127.0.0.1:2' };
  expect(await findConnection(elsewhere)).not.toHaveProperty('sshPort');
});
