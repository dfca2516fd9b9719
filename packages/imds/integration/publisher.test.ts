import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from '@bakehouse/base';
import { silentLogger } from '@bakehouse/base';
import type { InstanceId } from '@bakehouse/domain';
import { describeMetadataPublisher, someMetadata } from '@bakehouse/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAgentNumber } from '../src/agent-user.ts';
import { readDocument } from '../src/document-folder.ts';
import { createMetadataPublisher, ensureTokenKey, publishedIn } from '../src/index.ts';
import { parseInstanceDocument } from '../src/instance-document.ts';

const run = promisify(execFile);

let directory: string;
let documents: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bakehouse-imds-'));
  documents = join(directory, 'documents');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const one: InstanceId = 'i-00000000000000001';
const two: InstanceId = 'i-00000000000000002';

describeMetadataPublisher('the folder of documents', async () => {
  const own = await mkdtemp(join(tmpdir(), 'bakehouse-imds-'));
  const publisher = await createMetadataPublisher({ directory: own });
  return {
    publisher,
    async read(instanceId) {
      const folder = join(own, 'documents');
      const names = await readdir(folder);
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      return texts
        .map((text) => parseInstanceDocument(text).metadata)
        .find((metadata) => metadata.instanceId === instanceId);
    },
    dispose: () => rm(own, { recursive: true, force: true }),
  };
});

describe('publishing', () => {
  test('the address of another instance is refused, also when another process published it', async () => {
    const first = await createMetadataPublisher({ directory });
    await first.publish(someMetadata({ instanceId: one }));
    const second = await createMetadataPublisher({ directory });
    const taken = second.publish(someMetadata({ instanceId: two }));
    await expect(taken).rejects.toThrow(`is published for ${one}; withdraw that first`);
    expect((await readDocument(documents, '172.31.0.10'))?.metadata.instanceId).toBe(one);
  });

  test('when two instances ask for one address at once, one gets it', async () => {
    const publisher = await createMetadataPublisher({ directory });
    const asked = [one, two].map((instanceId) => publisher.publish(someMetadata({ instanceId })));
    const results = await Promise.allSettled(asked);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
  });

  test('a look without a server lists and withdraws what was published, and makes nothing', async () => {
    const look = publishedIn(directory);
    expect(await look.list()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
    const publisher = await createMetadataPublisher({ directory });
    await publisher.publish(someMetadata({ instanceId: one }));
    await publisher.publish(someMetadata({ instanceId: two, privateIp: '172.31.0.11' }));
    await writeFile(join(documents, '172.31.0.12.json'), 'damaged');
    expect(await look.list()).toEqual([one, two]);
    await look.withdraw(one);
    expect(await look.list()).toEqual([two]);
    expect((await readdir(documents)).sort()).toEqual(['172.31.0.11.json', '172.31.0.12.json']);
  });

  test('an instance with a new address loses the old one', async () => {
    const publisher = await createMetadataPublisher({ directory });
    await publisher.publish(someMetadata({ instanceId: one }));
    const next = await createMetadataPublisher({ directory });
    await next.publish(someMetadata({ instanceId: one, privateIp: '172.31.0.77' }));
    expect(await readdir(documents)).toEqual(['172.31.0.77.json']);
  });

  test('an invalid address is refused, as it would name a file elsewhere', async () => {
    const publisher = await createMetadataPublisher({ directory });
    const bad = publisher.publish(someMetadata({ privateIp: '../172.31.0.10' }));
    await expect(bad).rejects.toThrow('is not an IPv4 address');
  });

  test('files are closed to other users; the agent may read documents, and not list them', async () => {
    const publisher = await createMetadataPublisher({ directory });
    await publisher.publish(someMetadata());
    await ensureTokenKey(directory);
    const modes = async (folder: string) =>
      await Promise.all(
        (await readdir(folder)).map(async (name) => {
          const found = await stat(join(folder, name));
          return [name, (found.mode & 0o777).toString(8)];
        }),
      );
    expect(Object.fromEntries([...(await modes(directory)), ...(await modes(documents))])).toEqual({
      'platform-key.pem': '600',
      'platform-certificate.pem': '600',
      'token-key': '600',
      documents: '710',
      '172.31.0.10.json': '640',
    });
    const { gid } = await stat(documents);
    expect(isAgentNumber(gid)).toBe(true);
    expect((await stat(join(documents, '172.31.0.10.json'))).gid).toBe(gid);
  });

  test('documents from before the agent had its own user are given to it, whatever the umask', async () => {
    await mkdir(documents, { recursive: true, mode: 0o700 });
    const publisher = await createMetadataPublisher({ directory });
    const umask = process.umask(0o177);
    await publisher.publish(someMetadata()).finally(() => process.umask(umask));
    const path = join(documents, '172.31.0.10.json');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    await chown(documents, 0, 0);
    await chown(path, 0, 0);
    await chmod(path, 0o600);
    await createMetadataPublisher({ directory });
    const { gid, mode } = await stat(path);
    expect([gid, mode & 0o777]).toEqual([(await stat(documents)).gid, 0o640]);
    expect(isAgentNumber(gid)).toBe(true);
  });
});

describe('after a crash', () => {
  test('unfinished files are removed; damaged ones are logged, skipped and replaced', async () => {
    const before = await createMetadataPublisher({ directory });
    await before.publish(someMetadata({ instanceId: one }));
    await writeFile(join(documents, '172.31.0.20.json'), '{"metadata":');
    await writeFile(join(documents, '172.31.0.21.json'), '');
    await writeFile(join(documents, '172.31.0.22.json.7d.new'), '{}');
    const logged: unknown[] = [];
    const logger: Logger = { ...silentLogger, log: (_, __, fields) => logged.push(fields?.path) };

    const publisher = await createMetadataPublisher({ directory, logger });
    logged.length = 0;
    expect(await publisher.list()).toEqual([one]);
    expect(logged.sort()).toEqual(
      ['172.31.0.20.json', '172.31.0.21.json'].map((name) => join(documents, name)),
    );
    expect(await readdir(documents)).not.toContain('172.31.0.22.json.7d.new');

    await publisher.publish(someMetadata({ instanceId: two, privateIp: '172.31.0.20' }));
    expect((await publisher.list()).toSorted()).toEqual([one, two]);
  });

  test('a truncated token key is replaced, a complete one is kept', async () => {
    const path = await ensureTokenKey(directory);
    const whole = await readFile(path);
    expect(whole.length).toBe(32);
    await ensureTokenKey(directory);
    expect(await readFile(path)).toEqual(whole);
    await writeFile(path, '');
    await ensureTokenKey(directory);
    expect((await readFile(path)).length).toBe(32);
  });

  test('a damaged signing key is an error with instructions, and no new key is made', async () => {
    await createMetadataPublisher({ directory });
    await writeFile(join(directory, 'platform-key.pem'), 'nothing');
    await expect(createMetadataPublisher({ directory })).rejects.toThrow(
      /platform-key.pem is damaged/,
    );
  });

  test('a missing certificate is made again for the same key', async () => {
    await createMetadataPublisher({ directory });
    const key = await readFile(join(directory, 'platform-key.pem'), 'utf8');
    await rm(join(directory, 'platform-certificate.pem'));
    await createMetadataPublisher({ directory });
    expect(await readFile(join(directory, 'platform-key.pem'), 'utf8')).toBe(key);
  });
});

describe('OpenSSL verifies', () => {
  async function identityFiles() {
    const publisher = await createMetadataPublisher({ directory });
    await publisher.publish(someMetadata());
    const document = await readDocument(documents, '172.31.0.10');
    if (!document) throw new Error('nothing was published');
    const { identity } = document;
    const frame = (text: string) => `-----BEGIN PKCS7-----\n${text}\n-----END PKCS7-----\n`;
    await writeFile(join(directory, 'document'), identity.document);
    await writeFile(join(directory, 'pkcs7'), frame(identity.pkcs7));
    await writeFile(join(directory, 'rsa2048'), frame(identity.rsa2048));
    await writeFile(join(directory, 'signature'), Buffer.from(identity.signature, 'base64'));
    return identity;
  }
  const openssl = async (...args: readonly string[]) =>
    (await run('openssl', args, { cwd: directory, timeout: 20_000 })).stdout;
  const certificate = 'platform-certificate.pem';

  test.each(['pkcs7', 'rsa2048'])('%s, and finds the document in it', async (name) => {
    const { document } = await identityFiles();
    const input = ['-in', name, '-inform', 'PEM', '-binary', '-certfile', certificate];
    expect(await openssl('smime', '-verify', ...input, '-noverify')).toBe(document);
    expect(await openssl('cms', '-verify', ...input, '-CAfile', certificate)).toBe(document);
  });

  test('the certificate by itself', async () => {
    await identityFiles();
    expect(await openssl('verify', '-CAfile', certificate, certificate)).toContain('OK');
  });

  test('the bare signature, and refuses another document', async () => {
    await identityFiles();
    const key = await openssl('x509', '-in', certificate, '-pubkey', '-noout');
    await writeFile(join(directory, 'public-key'), key);
    const verify = ['-sha256', '-verify', 'public-key', '-signature', 'signature'];
    expect(await openssl('dgst', ...verify, 'document')).toContain('Verified OK');
    await writeFile(join(directory, 'document'), '{}');
    await expect(openssl('dgst', ...verify, 'document')).rejects.toThrow();
  });

  test('and rejects forged content in pkcs7', async () => {
    const { pkcs7 } = await identityFiles();
    const bytes = Buffer.from(pkcs7, 'base64');
    const input = ['-in', 'binary', '-inform', 'DER', '-certfile', certificate, '-noverify'];
    await writeFile(join(directory, 'binary'), bytes);
    expect(await openssl('smime', '-verify', ...input)).toContain('t3.micro');
    bytes.write('t3.large', bytes.indexOf('t3.micro'));
    await writeFile(join(directory, 'binary'), bytes);
    await expect(openssl('smime', '-verify', ...input)).rejects.toThrow();
  });
});

test('a change of tags keeps the signature, a change of the document renews it', async () => {
  const publisher = await createMetadataPublisher({ directory });
  await publisher.publish(someMetadata());
  const first = await readDocument(documents, '172.31.0.10');
  await publisher.publish(someMetadata({ tags: { a: 'b' } }));
  const second = await readDocument(documents, '172.31.0.10');
  expect(second?.identity).toEqual(first?.identity);
  await publisher.publish(someMetadata({ instanceType: 't3.small' }));
  const third = await readDocument(documents, '172.31.0.10');
  expect(third?.identity.signature).not.toBe(first?.identity.signature);
});
