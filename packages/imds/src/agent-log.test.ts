import { expect, test } from 'vitest';
import { agentLogger } from './agent-log.ts';

function logOf() {
  const lines: Record<string, unknown>[] = [];
  let time = 0;
  const logger = agentLogger({ write: (line) => lines.push(JSON.parse(line)), now: () => time });
  return { lines, logger, wait: (ms: number) => (time += ms) };
}

test('a line has time, level, message, fields and the error with its causes', () => {
  const { lines, logger } = logOf();
  const error = new Error('outer', { cause: new Error('inner') });
  logger.with({ a: 1 }).log('error', 'failed', { error });
  expect(lines).toMatchObject([
    { time: '1970-01-01T00:00:00.000Z', level: 'error', message: 'failed', a: 1 },
  ]);
  expect(lines[0]?.error).toMatchObject({
    name: 'Error',
    message: 'outer',
    stack: expect.stringContaining('agent-log.test.ts'),
    cause: { message: 'inner', stack: expect.any(String) },
  });
});

test('lines beyond the limit of a minute are counted', () => {
  const { lines, logger, wait } = logOf();
  for (let index = 0; index < 1000; index += 1) logger.log('error', 'again');
  expect(lines).toHaveLength(60);
  wait(60_000);
  logger.log('error', 'later');
  expect(lines.slice(60)).toMatchObject([
    { message: 'lines of the log were dropped', lines: 940 },
    { message: 'later' },
  ]);
});
