import { open } from 'node:fs/promises';

/** More than a few stacks; a log at level debug may be long. */
const readBytes = 64 * 1024;
const tailCharacters = 1_500;

/** The end of what a start has written to the log from `offset` on: earlier starts have nothing to do with it. */
async function writtenSince(path: string, offset: number): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const position = Math.max(offset, size - readBytes);
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(readBytes),
      position,
    });
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await file.close();
  }
}

/** The last words of a start, for a failure's message. */
export const lastWords = async (path: string, offset: number): Promise<string> =>
  (await writtenSince(path, offset)).slice(-tailCharacters).trim();

/** The problem that a start logged last: its message, and that of its error. */
export const lastProblem = async (path: string, offset: number): Promise<string | undefined> =>
  newestProblem(await writtenSince(path, offset));

interface Line {
  readonly level?: unknown;
  readonly message?: unknown;
  readonly error?: { readonly message?: unknown };
}

/** The last line of level `error` in a log of JSON lines; what else the server wrote is passed over. */
export function newestProblem(log: string): string | undefined {
  for (const text of log.split('\n').reverse()) {
    const line = parsed(text);
    if (line?.level !== 'error') continue;
    return [line.message, line.error?.message].filter(Boolean).join(': ');
  }
  return undefined;
}

function parsed(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Cut off at the beginning, or not written to its end yet.
    return undefined;
  }
}
