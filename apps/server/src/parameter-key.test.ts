import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@bakehouse/base';
import type { Parameter } from '@bakehouse/domain';
import { newTestStore } from '@bakehouse/fakes';
import { exists } from '@bakehouse/host';
import { keyIdOf, secretBox } from '@bakehouse/ssm';
import { aParameter } from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { findKeyProblem, openSecretBox } from './parameter-key.ts';

async function newPlace(...parameters: readonly Parameter[]) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-key-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const metadata = newTestStore();
  await metadata.write(async (tx) => {
    for (const each of parameters) await tx.put('parameter', each);
  });
  return { path: join(folder, 'parameter-key'), metadata, logger: silentLogger };
}

const plain = aParameter();
/** A SecureString that the key of these bytes has sealed. */
const secretOf = (byte: number, id = plain.id) =>
  aParameter({
    id,
    content: {
      ...plain.content,
      type: 'SecureString',
      value: secretBox(Buffer.alloc(32, byte)).seal('text', 'purpose'),
    },
  });
const secret = secretOf(1);

const putKey = ({ path }: { readonly path: string }, byte: number) =>
  writeFile(path, Buffer.alloc(32, byte));

const isUsable = async (place: Awaited<ReturnType<typeof newPlace>>): Promise<boolean> => {
  const box = await openSecretBox(place);
  try {
    return box.open(box.seal('text', 'purpose'), 'purpose') === 'text';
  } catch {
    return false;
  }
};

test('the key is made while there is no SecureString, and used by the next start', async () => {
  const place = await newPlace(plain);
  const sealed = (await openSecretBox(place)).seal('text', 'purpose');
  await place.metadata.write((tx) => tx.put('parameter', secret));
  expect((await openSecretBox(place)).open(sealed, 'purpose')).toBe('text');
});

test('no key replaces that of SecureStrings: they cannot be used until the file is back', async () => {
  const place = await newPlace(secret);
  const box = await openSecretBox(place);
  expect(() => box.seal('text', 'purpose')).toThrow(place.path);
  expect(() => box.open('', 'purpose')).toThrow('put it back');
  expect(await exists(place.path)).toBe(false);
  await putKey(place, 1);
  const back = await openSecretBox(place);
  expect(back.open(secret.content.value, 'purpose')).toBe('text');
});

test('another key than that of the SecureStrings seals and opens nothing, until the right one is back', async () => {
  const place = await newPlace(secret);
  await putKey(place, 2);
  const box = await openSecretBox(place);
  const right = keyIdOf(Buffer.alloc(32, 1));
  expect(() => box.seal('text', 'purpose')).toThrow(right);
  expect(() => box.open(secret.content.value, 'purpose')).toThrow('put the right file back');
  await putKey(place, 1);
  expect(await isUsable(place)).toBe(true);
});

test('while there is no SecureString, another key is taken and counts from then on', async () => {
  const place = await newPlace(plain);
  await openSecretBox(place);
  await putKey(place, 2);
  expect(await isUsable(place)).toBe(true);
  await place.metadata.write((tx) => tx.put('parameter', secretOf(2)));
  await putKey(place, 1);
  expect(await isUsable(place)).toBe(false);
});

test('values of two keys, as earlier versions stored them: each is opened by its own, and no key is noted', async () => {
  const place = await newPlace(secretOf(1, 'parameter-1'), secretOf(2, 'parameter-2'));
  const logged: string[] = [];
  const logger: Logger = { ...silentLogger, log: (_level, message) => logged.push(message) };
  for (const [own, other] of [[2, 1] as const, [1, 2] as const]) {
    await putKey(place, own);
    const box = await openSecretBox({ ...place, logger });
    expect(box.open(secretOf(own).content.value, 'purpose')).toBe('text');
    expect(() => box.open(secretOf(other).content.value, 'purpose')).toThrow();
    expect(logged.pop()).toContain(keyIdOf(Buffer.alloc(32, other)));
  }
  await putKey(place, 3);
  expect(await isUsable(place)).toBe(false);
});

test('once all values are of one key, it counts, whatever was noted', async () => {
  const place = await newPlace(secretOf(1, 'parameter-1'));
  await putKey(place, 1);
  await openSecretBox(place);
  await place.metadata.write(async (tx) => {
    await tx.delete('parameter', 'parameter-1');
    await tx.put('parameter', secretOf(2, 'parameter-2'));
  });
  await putKey(place, 2);
  expect(await isUsable(place)).toBe(true);
  await putKey(place, 1);
  expect(await isUsable(place)).toBe(false);
});

test('a key of another length is refused', async () => {
  const place = await newPlace();
  await writeFile(place.path, Buffer.alloc(31));
  await expect(openSecretBox(place)).rejects.toThrow('must have 32 bytes and has 31');
});

test('a wrong or missing key is a problem with the file, the ids of both keys and the way out; a look changes nothing', async () => {
  const place = await newPlace(secret);
  const [right, wrong] = [1, 2].map((byte) => keyIdOf(Buffer.alloc(32, byte)));
  const settings = () => place.metadata.read((reader) => reader.list('setting'));
  for (const [byte, found] of [
    [undefined, [right]],
    [2, [right, wrong]],
  ] as const) {
    if (byte !== undefined) await putKey(place, byte);
    const problem = await findKeyProblem(place);
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, log: (_level, message) => logged.push(message) };
    const box = await openSecretBox({ ...place, logger });
    expect(logged).toEqual([box.problem]);
    for (const part of [place.path, ...found]) expect(problem?.problem).toContain(part);
    expect(problem?.remedy).toContain('back from a backup');
    expect(box.problem).toBe(`${problem?.problem}: ${problem?.remedy}`);
  }
  await putKey(place, 1);
  expect(await findKeyProblem(place)).toBeUndefined();
  expect(await settings()).toEqual([]);
});

test('a look makes no key', async () => {
  const place = await newPlace(plain);
  expect(await findKeyProblem(place)).toBeUndefined();
  expect(await exists(place.path)).toBe(false);
});
