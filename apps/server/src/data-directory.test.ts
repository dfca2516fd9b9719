import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from './config.ts';
import { openDataDirectory } from './data-directory.ts';

test.runIf(process.getuid?.() === 0)(
  "root does not continue another user's folder, but has one that a user made for it",
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'bakehouse-folder-'));
    onTestFinished(() => rm(root, { recursive: true }));
    await chown(root, 1234, 1234);
    const place = { dataDirectory: root, runtimeParent: root };
    await openDataDirectory(place);
    await openDataDirectory(place);

    // As a server of that user leaves it.
    await chown(join(root, 'version'), 1234, 1234);
    await rm(join(root, 'logs'), { recursive: true });
    const refused = await openDataDirectory(place).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UsageError);
    expect(String(refused)).toMatch(/of user 1234, and this process is user 0/);
    expect(await readdir(root)).not.toContain('logs');
  },
);
