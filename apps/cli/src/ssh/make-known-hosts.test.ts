import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeKnownHosts } from './make-known-hosts.ts';

test('the hosts that ssh knows are only for their user, and stay known', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-hosts-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'known_hosts');
  await makeKnownHosts(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await rm(path);
  await writeFile(path, 'i-1 ssh-ed25519 AAAA', { mode: 0o644 });
  await makeKnownHosts(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, 'utf8')).toBe('i-1 ssh-ed25519 AAAA');
});
