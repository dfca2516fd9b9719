import { expect, test } from 'vitest';
import { readLines } from './read-lines.ts';

test('a line without an end is not read for ever', async () => {
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new Uint8Array(1024).fill(0x61)),
  });
  const lines = readLines(endless, 4096);
  await expect(lines.next()).rejects.toThrow('longer than 4096');
});
