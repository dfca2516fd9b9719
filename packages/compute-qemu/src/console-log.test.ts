import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundConsoleLog, consoleBytesMax, readConsoleLog } from './console-log.ts';

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-console-'));
  await work(folder).finally(() => rm(folder, { recursive: true }));
}

describe('the console log', () => {
  it('does not exist before the first start', () =>
    inFolder(async (folder) => {
      expect(await readConsoleLog(folder)).toBeUndefined();
      await boundConsoleLog(folder, 0);
    }));

  it('has the last 64 KiB of all that was written, however often it was cut', async () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 90_000 }), fc.boolean()), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(steps, (pieces) =>
        inFolder(async (folder) => {
          let all = Buffer.alloc(0);
          for (const [at, [length, cut]] of pieces.entries()) {
            const piece = Buffer.alloc(length, `${at}abcdefg`);
            all = Buffer.concat([all, piece]);
            await appendFile(join(folder, 'serial.log'), piece);
            if (cut) await boundConsoleLog(folder, consoleBytesMax);
          }
          const { bytes } = (await readConsoleLog(folder)) ?? { bytes: Buffer.alloc(0) };
          expect(Buffer.from(bytes).equals(all.subarray(-consoleBytesMax))).toBe(true);
        }),
      ),
      { numRuns: 30 },
    );
  });

  it('is not cut while it is within its bound', () =>
    inFolder(async (folder) => {
      await appendFile(join(folder, 'serial.log'), 'abc');
      await boundConsoleLog(folder, 3);
      expect(await readFile(join(folder, 'serial.log'), 'utf8')).toBe('abc');
      await boundConsoleLog(folder, 2);
      expect((await stat(join(folder, 'serial.log'))).size).toBe(0);
      expect((await readConsoleLog(folder))?.bytes).toHaveLength(3);
    }));
});
