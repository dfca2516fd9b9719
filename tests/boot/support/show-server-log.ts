import { open, stat } from 'node:fs/promises';
import { beforeEach, inject, onTestFailed } from 'vitest';

const linesMax = 40;

async function textSince(path: string, offset: number): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.max(0, size - offset));
  await file.read(bytes, 0, bytes.length, offset);
  return bytes.toString('utf8');
}

/** Beside a test that failed stands what the server wrote in the meantime. */
beforeEach(async () => {
  const { serverLog } = inject('platform');
  const { size } = await stat(serverLog);
  onTestFailed(async ({ task }) => {
    const lines = (await textSince(serverLog, size)).trim().split('\n').slice(-linesMax);
    process.stderr.write(`\nserver log during '${task.name}':\n${lines.join('\n')}\n\n`);
  });
});
