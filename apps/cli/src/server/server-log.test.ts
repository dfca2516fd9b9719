import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lastProblem, lastWords, newestProblem } from './server-log.ts';

const line = (level: string, message: string, error?: object) =>
  JSON.stringify({ time: '2026-01-01T00:00:00.000Z', level, message, ...(error ? { error } : {}) });

test('the problem is the newest line of level error, with its error', () => {
  const log = [
    line('error', 'the first'),
    line('error', 'the database cannot be used', { message: 'nothing listens there', stack: 'at' }),
    line('warn', 'something else'),
    'bakehouse ready http://127.0.0.1:1',
    line('error', 'not yet whole').slice(0, -5),
  ].join('\n');
  expect(newestProblem(log)).toBe('the database cannot be used: nothing listens there');
});

test.each(['', 'text\n    at stack', `${line('info', 'serving')}\n`, '{"level":'])(
  '%j has no problem',
  (log) => expect(newestProblem(log)).toBeUndefined(),
);

async function logFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'server.log');
  await writeFile(path, text);
  return path;
}

test('what an earlier start wrote is not reported', async () => {
  const earlier = `${line('error', 'of an earlier start')}\n`;
  const path = await logFile(`${earlier}${line('info', 'serving')}\n`);
  expect(await lastProblem(path, 0)).toBe('of an earlier start');
  expect(await lastProblem(path, earlier.length)).toBeUndefined();
  expect(await lastWords(path, earlier.length)).toBe(line('info', 'serving'));
});

test('of a long log the end counts', async () => {
  const chatter = `${line('debug', 'something')}\n`.repeat(2_000);
  const path = await logFile(`${chatter}${line('error', 'the last')}\n`);
  expect(await lastProblem(path, 0)).toBe('the last');
});

test('a log that is missing has neither a problem nor words', async () => {
  const path = join(await logFile(''), '..', 'other.log');
  expect([await lastProblem(path, 0), await lastWords(path, 0)]).toEqual([undefined, '']);
});
