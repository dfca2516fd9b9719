import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeServer } from '../testing/fake-server.ts';
import { upCommand } from './up.ts';

/** Runs `up --no-instance --json` on a folder whose server has an image; what it prints, and whose images it asks for. */
async function up(
  options: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
) {
  const dataDirectory = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-up-')));
  onTestFinished(() => rm(dataDirectory, { recursive: true }));
  const owners: (string | null)[] = [];
  const url = await fakeServer({
    health: { status: 'ok', pid: process.pid, store: { directory: dataDirectory } },
    answer(request) {
      owners.push(request.get('Owner.1'));
      return '<imagesSet><item><imageId>ami-1</imageId><imageState>available</imageState></item></imagesSet>';
    },
  });
  const endpoint = JSON.stringify({ url, pid: process.pid, compute: 'qemu' });
  await writeFile(join(dataDirectory, 'endpoint.json'), endpoint);
  const credentials = '[bakehouse]\naws_access_key_id = A\naws_secret_access_key = S\n';
  await writeFile(join(dataDirectory, 'credentials'), credentials);
  const printed: string[] = [];
  await upCommand.run({
    args: [],
    options: { data: dataDirectory, 'no-instance': true, json: true, ...options },
    terminal: {
      isInteractive: false,
      print: (line) => void printed.push(line),
      drained: async () => {},
      note: () => {},
      transient: () => {},
      style: (_, text) => text,
    },
    env,
    signal: new AbortController().signal,
  });
  return { owners, url, printed: printed.map((line) => JSON.parse(line)) };
}

test.each([
  ['--owner-alias', { 'owner-alias': 'acme' }, { BAKEHOUSE_OWNER_ALIAS: 'other' }, 'acme'],
  ['BAKEHOUSE_OWNER_ALIAS', {}, { BAKEHOUSE_OWNER_ALIAS: 'acme' }, 'acme'],
  ['the default', {}, {}, 'amazon'],
])('the image is that of the owner whom %s names', async (_what, options, env, owner) => {
  const { owners, url, printed } = await up(options, env);
  expect({ owners, printed }).toEqual({
    owners: [owner],
    printed: [{ endpoint: url, imageId: 'ami-1' }],
  });
});
