import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programEnvironment } from './program-environment.ts';
import { findProgram, installHint, programPackages } from './programs.ts';

test('a program is found by its name, and a missing one names its package', async () => {
  expect(await findProgram('sh')).toMatch(/\/sh$/);
  expect(await findProgram('no-such-program')).toBeUndefined();
  expect(installHint('nft')).toBe('; install it: apt-get install nftables');
  expect(installHint('constructor')).toBe('');
});

test('scripts/packages installs the package of every program but those of a minimal Debian', async () => {
  const root = join(import.meta.dirname, '..', '..', '..');
  const listed = await readFile(join(root, 'scripts', 'packages'), 'utf8');
  const installed = new Set(listed.match(/[a-z0-9][a-z0-9+.-]+/g));
  // `uidmap` is for baking without root, which nothing needs by default.
  const given = new Set(['apt', 'dpkg', 'tar', 'uidmap']);
  const missing = Object.values(programPackages).filter((name) => !given.has(name));
  expect(missing.filter((name) => !installed.has(name))).toEqual([]);
});

test('programs see no variables of this process but the PATH', () => {
  expect(Object.keys(programEnvironment())).toEqual(['PATH', 'LC_ALL']);
  expect(programEnvironment().PATH.split(':')).toEqual(expect.arrayContaining(['/usr/sbin']));
});
