import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KiB } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { checkGuests } from './check-guests.ts';

test('a guest whose record cannot be read is named, and is not the end of the check', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-guests-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  expect(await checkGuests(folder)).toMatchObject([{ status: 'ok' }]);
  const broken = ['i-00000000000000001', 'i-00000000000000002'];
  for (const instanceId of broken) {
    await mkdir(join(folder, instanceId));
    const record = { version: 1, generation: 1, claimBytes: 0 };
    await writeFile(join(folder, instanceId, 'machine.json'), JSON.stringify(record));
    await writeFile(join(folder, instanceId, 'hold.json'), Buffer.alloc(65 * KiB));
  }
  expect(await checkGuests(folder)).toEqual(
    broken.map((instanceId) =>
      expect.objectContaining({
        status: 'warn',
        detail: expect.stringMatching(`whether ${instanceId} is paused .* at most 65536`),
      }),
    ),
  );
});
