import { mkdtemp, rename, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { areNamespacesSigned, signNamespaces } from './namespace-members.ts';

const self = { pid: process.pid };

async function aSigned() {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-namespaces-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'proof');
  return { file, proof: await signNamespaces(undefined, file) };
}

test('namespaces are signed once, for the user alone', async () => {
  const { file, proof } = await aSigned();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await areNamespacesSigned(self, proof, file)).toBe(true);
  expect(await signNamespaces(proof, file)).toBe(proof);
});

test('neither the numbers of namespaces nor the text in them is a proof by itself', async () => {
  const { file, proof } = await aSigned();
  const [, , secret] = proof.split(' ');
  // Signed once more: the same numbers.
  await signNamespaces('', file);
  expect(await areNamespacesSigned(self, proof, file)).toBe(false);
  const elsewhere = `user:[1] mnt:[1] ${secret}`;
  const text = await signNamespaces(elsewhere, file);
  expect(text).not.toBe(elsewhere);
  expect(await areNamespacesSigned(self, text, file)).toBe(true);
  expect(await areNamespacesSigned(self, text.replace(/mnt:\[\d+\]/, 'mnt:[1]'), file)).toBe(false);
  expect(await areNamespacesSigned(self, '', file)).toBe(false);
});

test('a link to a proof is none', async () => {
  const { file, proof } = await aSigned();
  await rename(file, `${file}.real`);
  await symlink(`${file}.real`, file);
  expect(await areNamespacesSigned(self, proof, file)).toBe(false);
  // And what it leads to stays as it is.
  const again = await signNamespaces(proof, file);
  expect(await areNamespacesSigned(self, again, file)).toBe(true);
  expect(await areNamespacesSigned(self, proof, `${file}.real`)).toBe(true);
});
