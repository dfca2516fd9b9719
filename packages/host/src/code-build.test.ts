import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { codeBuild } from './code-build.ts';

test('a build changes with the code, and not with its tests', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-build-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'a.ts'), 'one');
  const before = await codeBuild([folder]);
  await writeFile(join(folder, 'a.test.ts'), 'a test');
  expect(await codeBuild([folder])).toBe(before);
  await writeFile(join(folder, 'a.ts'), 'two');
  const after = await codeBuild([folder]);
  expect(after).toMatch(/^[0-9a-f]{16}$/);
  expect(after).not.toBe(before);
});
