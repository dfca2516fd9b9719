import { describe, expect, test } from 'vitest';
import { readSshStrings, sshMpint, sshString } from '../../keys/ssh-wire.ts';
import { testContext } from '../../testing/test-context.ts';

/** Of a key made for this test, with `ssh-keygen -l`'s and `openssl md5`'s words about it. */
const ed25519Line =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here';

/** A public key in its form only: nobody has its private half. */
function rsaLine(bits: number): string {
  const numbers = [Buffer.from([1, 0, 1]), Buffer.alloc(bits / 8, 0xff)];
  const blob = Buffer.concat([sshString('ssh-rsa'), ...numbers.map(sshMpint)]);
  return `ssh-rsa ${blob.toString('base64')}`;
}

describe('CreateKeyPair', () => {
  test.each([
    ['', 'MissingParameter'],
    [' leading', 'InvalidParameterValue'],
    ['trailing ', 'InvalidParameterValue'],
    ['x'.repeat(256), 'InvalidParameterValue'],
    ['two\nlines', 'InvalidParameterValue'],
    ['schlüssel', 'InvalidParameterValue'],
    ['taken', 'InvalidKeyPair.Duplicate'],
  ])('refuses the name %j', async (KeyName, code) => {
    const { call } = await testContext();
    await call('CreateKeyPair', { KeyName: 'taken', KeyType: 'ed25519' });
    const request = { KeyName, KeyType: 'ed25519' as const };
    await expect(call('CreateKeyPair', request)).rejects.toMatchObject({ code });
  });

  test('a name in another case is another name', async () => {
    const { call } = await testContext();
    await call('CreateKeyPair', { KeyName: 'Web', KeyType: 'ed25519' });
    const missing = { code: 'InvalidKeyPair.NotFound' };
    const other = call('DescribeKeyPairs', { KeyNames: ['web'] });
    await expect(other).rejects.toMatchObject(missing);
    await call('CreateKeyPair', { KeyName: 'web', KeyType: 'ed25519' });
    const { KeyPairs } = await call('DescribeKeyPairs', { KeyNames: ['web'] });
    expect(KeyPairs?.map(({ KeyName }) => KeyName)).toEqual(['web']);
  });

  test('of two that take one name at a time, one is refused', async () => {
    const { call } = await testContext();
    const request = { KeyName: 'one', KeyType: 'ed25519' as const };
    const both = await Promise.allSettled([
      call('CreateKeyPair', request),
      call('CreateKeyPair', request),
    ]);
    expect(both.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('keeps nothing of the private half', async () => {
    const { call, read } = await testContext();
    const made = await call('CreateKeyPair', { KeyName: 'k', KeyFormat: 'ppk' });
    const [record] = await read((reader) => reader.list('keyPair'));
    expect(Object.keys(record ?? {}).sort()).toEqual([
      'createdAt',
      'fingerprint',
      'id',
      'keyType',
      'name',
      'ownerId',
      'publicKey',
      'region',
      'tags',
    ]);
    const secret = made.KeyMaterial?.split('Private-Lines')[1]?.split('\n')[1] ?? '';
    expect(secret.length).toBeGreaterThan(40);
    expect(JSON.stringify(record)).not.toContain(secret);
  });

  test('tags what it makes, and names are per region and account', async () => {
    const { call } = await testContext();
    const TagSpecifications = [
      { ResourceType: 'key-pair' as const, Tags: [{ Key: 'a', Value: 'b' }] },
    ];
    const request = { KeyName: 'k', KeyType: 'ed25519' as const, TagSpecifications };
    const made = await call('CreateKeyPair', request);
    expect(made.Tags).toEqual([{ Key: 'a', Value: 'b' }]);
    await call('CreateKeyPair', request, { region: 'us-west-2' });
    await call('CreateKeyPair', request, { accountId: '210987654321' });
    const { KeyPairs } = await call('DescribeKeyPairs', {
      Filters: [{ Name: 'tag:a', Values: ['b'] }],
    });
    expect(KeyPairs?.map((keyPair) => keyPair.KeyPairId)).toEqual([made.KeyPairId]);
  });
});

describe('ImportKeyPair', () => {
  const material = (text: string) => Buffer.from(text);

  test('takes an OpenSSH line and shows it under the key pair’s name', async () => {
    const { call } = await testContext();
    const request = { KeyName: 'mine', PublicKeyMaterial: material(ed25519Line) };
    await call('ImportKeyPair', request);
    const { KeyPairs } = await call('DescribeKeyPairs', { IncludePublicKey: true });
    expect(KeyPairs).toMatchObject([
      { KeyName: 'mine', KeyType: 'ed25519', PublicKey: ed25519Line.replace('me@here', 'mine') },
    ]);
    const plain = await call('DescribeKeyPairs', {});
    expect(plain.KeyPairs?.[0]).not.toHaveProperty('PublicKey');
  });

  test.each([
    ['no key', 'hello'],
    [
      'a private key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
    ],
    ['another algorithm', 'ssh-dss AAAAB3NzaC1kc3M='],
    ['a name that is not the key’s', ed25519Line.replace('AAAAC3Nz', 'AAAAB3Nz')],
    ['a key cut short', ed25519Line.slice(0, 60)],
    ['a key with more behind it', ed25519Line.replace(' me', 'AAAA me')],
    ['options before the key', `command="reboot" ${ed25519Line}`],
  ])('refuses %s', async (_, text) => {
    const { call } = await testContext();
    const request = { KeyName: 'mine', PublicKeyMaterial: material(text) };
    await expect(call('ImportKeyPair', request)).rejects.toMatchObject({
      code: 'InvalidKey.Format',
    });
  });

  test('refuses more than 2,048 bytes, as EC2 does', async () => {
    const { call } = await testContext();
    const request = { KeyName: 'mine', PublicKeyMaterial: material('x'.repeat(2049)) };
    await expect(call('ImportKeyPair', request)).rejects.toMatchObject({
      code: 'InvalidParameterValue',
      message: 'Value for parameter PublicKeyMaterial is invalid. Length exceeds maximum of 2048.',
    });
  });

  test.each([1024, 2048, 3072, 4096, 8192])('takes an RSA key of %i bits', async (bits) => {
    const { call } = await testContext();
    const line = rsaLine(bits);
    const made = await call('ImportKeyPair', {
      KeyName: 'mine',
      PublicKeyMaterial: material(line),
    });
    expect(made.KeyFingerprint).toMatch(/^(?:[0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    const { KeyPairs } = await call('DescribeKeyPairs', { IncludePublicKey: true });
    expect(KeyPairs).toMatchObject([{ KeyType: 'rsa', PublicKey: `${line} mine` }]);
  });

  test('refuses an RSA key of a size that EC2 does not take', async () => {
    const { call } = await testContext();
    const request = { KeyName: 'mine', PublicKeyMaterial: material(rsaLine(768)) };
    await expect(call('ImportKeyPair', request)).rejects.toMatchObject({
      code: 'InvalidKey.Format',
      message: expect.stringContaining('768'),
    });
  });
});

describe('DescribeKeyPairs and DeleteKeyPair', () => {
  async function withTwo() {
    const context = await testContext();
    const make = (KeyName: string) =>
      context.call('CreateKeyPair', { KeyName, KeyType: 'ed25519' });
    return { ...context, a: await make('a'), b: await make('b') };
  }

  test.each([
    ['key-name', (a: { KeyName?: string | undefined }) => a.KeyName],
    ['key-pair-id', (a: { KeyPairId?: string | undefined }) => a.KeyPairId],
    ['fingerprint', (a: { KeyFingerprint?: string | undefined }) => a.KeyFingerprint],
  ] as const)('filters by %s', async (Name, pick) => {
    const { call, a } = await withTwo();
    const Filters = [{ Name, Values: [pick(a) ?? ''] }];
    const { KeyPairs } = await call('DescribeKeyPairs', { Filters });
    expect(KeyPairs?.map((each) => each.KeyName)).toEqual(['a']);
  });

  test('a name or id that is not there is not found', async () => {
    const { call } = await withTwo();
    const code = 'InvalidKeyPair.NotFound';
    await expect(call('DescribeKeyPairs', { KeyNames: ['c'] })).rejects.toMatchObject({ code });
    const KeyPairIds = ['key-0000000000000000f'];
    await expect(call('DescribeKeyPairs', { KeyPairIds })).rejects.toMatchObject({ code });
  });

  test('deletes by name or by id, and what is not there too', async () => {
    const { call, a, b } = await withTwo();
    expect(await call('DeleteKeyPair', { KeyName: 'a' })).toEqual({
      Return: true,
      KeyPairId: a.KeyPairId,
    });
    await call('DeleteKeyPair', { KeyPairId: b.KeyPairId ?? '' });
    expect(await call('DeleteKeyPair', { KeyName: 'a' })).toEqual({ Return: true });
    expect((await call('DescribeKeyPairs', {})).KeyPairs).toEqual([]);
    await expect(call('DeleteKeyPair', {})).rejects.toMatchObject({ code: 'MissingParameter' });
  });
});

test('strings of the SSH protocol are read as they are written, and cut ones not at all', () => {
  const parts = ['', 'a', 'ssh-rsa'].map((text) => Buffer.from(text));
  const bytes = Buffer.concat(parts.map(sshString));
  expect(readSshStrings(bytes)).toEqual(parts);
  expect(readSshStrings(bytes.subarray(0, -1))).toBeUndefined();
  expect(sshMpint(Buffer.from([0, 0x80]))).toEqual(Buffer.from([0, 0, 0, 2, 0, 0x80]));
  expect(sshMpint(Buffer.from([0, 0]))).toEqual(Buffer.from([0, 0, 0, 0]));
});
