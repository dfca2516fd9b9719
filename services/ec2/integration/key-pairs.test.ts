import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testContext } from '../src/testing/test-context.ts';

const run = promisify(execFile);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-keys-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function keep(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

const publicOf = async (path: string) =>
  (await run('ssh-keygen', ['-y', '-f', path])).stdout.trim().split(' ').slice(0, 2).join(' ');
/** As "Verify the fingerprint of your key pair" in EC2's user guide does it. */
const openssl = async (script: string, path: string) =>
  (await run('bash', ['-c', script, 'bash', path])).stdout.trim().split('= ')[1];
const keygenSha256 = async (path: string) =>
  /SHA256:(\S+)/.exec((await run('ssh-keygen', ['-l', '-f', path])).stdout)?.[1];

describe('CreateKeyPair, with OpenSSH and OpenSSL as witnesses', () => {
  test('an RSA key pair is read by both and has the fingerprint that EC2 documents', async () => {
    const { call } = await testContext();
    const made = await call('CreateKeyPair', { KeyName: 'rsa key' });
    expect(made.KeyMaterial).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    const path = await keep('rsa.pem', made.KeyMaterial ?? '');
    const script =
      'openssl pkcs8 -in "$1" -inform PEM -outform DER -topk8 -nocrypt | openssl sha1 -c';
    expect(made.KeyFingerprint).toBe(await openssl(script, path));
    const { KeyPairs } = await call('DescribeKeyPairs', { IncludePublicKey: true });
    expect(KeyPairs?.[0]?.PublicKey).toBe(`${await publicOf(path)} rsa key`);
    expect((await run('ssh-keygen', ['-l', '-f', path])).stdout).toMatch(/^2048 /);
  });

  test('an Ed25519 key pair is read by OpenSSH and has its fingerprint, padded', async () => {
    const { call } = await testContext();
    const made = await call('CreateKeyPair', { KeyName: 'ed', KeyType: 'ed25519' });
    const path = await keep('ed.pem', made.KeyMaterial ?? '');
    expect(made.KeyFingerprint).toBe(`${await keygenSha256(path)}=`);
    const { KeyPairs } = await call('DescribeKeyPairs', { IncludePublicKey: true });
    expect(KeyPairs?.[0]?.PublicKey).toBe(`${await publicOf(path)} ed`);
  });

  test('what was made can sign, and the described public half verifies it', async () => {
    const { call } = await testContext();
    for (const KeyType of ['rsa', 'ed25519'] as const) {
      const KeyName = `signs-${KeyType}`;
      const made = await call('CreateKeyPair', { KeyName, KeyType });
      const path = await keep(KeyName, made.KeyMaterial ?? '');
      const text = await keep(`${KeyName}.txt`, 'to be signed');
      const { KeyPairs } = await call('DescribeKeyPairs', {
        KeyNames: [KeyName],
        IncludePublicKey: true,
      });
      await keep(`${KeyName}.pub`, `${KeyPairs?.[0]?.PublicKey}\n`);
      await run('ssh-keygen', ['-Y', 'sign', '-f', path, '-n', 'file', text]);
      const signers = await keep(`${KeyName}.allowed`, `me ${KeyPairs?.[0]?.PublicKey}\n`);
      const verify = `ssh-keygen -Y verify -f "${signers}" -I me -n file -s "${text}.sig" < "$1"`;
      const { stdout } = await run('bash', ['-c', verify, 'bash', text]);
      expect(stdout).toContain('Good "file" signature');
    }
  });
});

test('puttygen reads what is made for PuTTY', async () => {
  const { call } = await testContext();
  for (const KeyType of ['rsa', 'ed25519'] as const) {
    const KeyName = `putty-${KeyType}`;
    const made = await call('CreateKeyPair', { KeyName, KeyType, KeyFormat: 'ppk' });
    const path = await keep(`${KeyName}.ppk`, made.KeyMaterial ?? '');
    const { stdout } = await run('puttygen', [path, '-L']);
    const { KeyPairs } = await call('DescribeKeyPairs', {
      KeyNames: [KeyName],
      IncludePublicKey: true,
    });
    expect(stdout.trim()).toBe(KeyPairs?.[0]?.PublicKey);
  }
});

describe('ImportKeyPair, with OpenSSH and OpenSSL as witnesses', () => {
  test.each(['rsa', 'ed25519'])('%s keys are taken in each form', async (type) => {
    const { call } = await testContext();
    const path = join(folder, `import-${type}`);
    await run('ssh-keygen', [
      '-q',
      '-t',
      type,
      '-b',
      '2048',
      '-N',
      '',
      '-C',
      'me@here',
      '-f',
      path,
    ]);
    const line = (await readFile(`${path}.pub`, 'utf8')).trim();
    const rfc4716 = (await run('ssh-keygen', ['-e', '-m', 'RFC4716', '-f', `${path}.pub`])).stdout;
    const forms: Record<string, string> = { line, rfc4716 };
    if (type === 'rsa') {
      const pkcs8 = (await run('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', `${path}.pub`])).stdout;
      forms.der = pkcs8.replace(/-----.*-----/g, '');
    }
    const expected =
      type === 'rsa'
        ? await openssl(
            'ssh-keygen -e -m PKCS8 -f "$1" | openssl pkey -pubin -outform DER | openssl md5 -c',
            `${path}.pub`,
          )
        : `${await keygenSha256(path)}=`;
    for (const [KeyName, text] of Object.entries(forms)) {
      const made = await call('ImportKeyPair', { KeyName, PublicKeyMaterial: Buffer.from(text) });
      expect(made.KeyFingerprint).toBe(expected);
      const found = await call('DescribeKeyPairs', { KeyNames: [KeyName], IncludePublicKey: true });
      const [name, encoded] = line.split(' ');
      expect(found.KeyPairs?.[0]?.PublicKey).toBe(`${name} ${encoded} ${KeyName}`);
    }
  });
});
