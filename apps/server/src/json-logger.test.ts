import { expect, test } from 'vitest';
import { jsonLogger } from './json-logger.ts';

function logOf() {
  const lines: string[] = [];
  return { lines, logger: jsonLogger('info', (line) => void lines.push(line)) };
}

const parsed = (line = '') => JSON.parse(line);

test('one object per line, with the fields of the logger and of the call', () => {
  const { lines, logger } = logOf();
  logger.with({ instanceId: 'i-1' }).log('warn', 'guest paused', { reason: 'disk full' });
  logger.log('debug', 'below the level');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\{"time":"\d{4}-.*\}\n$/);
  expect(parsed(lines[0])).toMatchObject({
    level: 'warn',
    message: 'guest paused',
    instanceId: 'i-1',
    reason: 'disk full',
  });
});

test('an error has its stack and its whole chain of causes, wherever it is in the fields', () => {
  const { lines, logger } = logOf();
  const root = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const error = new Error('cannot write', {
    cause: new TypeError('cannot flush', { cause: root }),
  });
  logger.log('error', 'failed', { error, step: { error: root } });
  expect(parsed(lines[0])).toMatchObject({
    message: 'failed',
    error: {
      message: 'cannot write',
      stack: expect.stringContaining('json-logger.test.ts'),
      cause: {
        name: 'TypeError',
        stack: expect.stringContaining('cannot flush'),
        cause: { message: 'no space', code: 'ENOSPC', stack: expect.any(String) },
      },
    },
    step: { error: { message: 'no space' } },
  });
});

test('fields cannot replace what the line itself says', () => {
  const { lines, logger } = logOf();
  logger.log('warn', 'the message', { message: 'other', level: 'debug' });
  expect(parsed(lines[0])).toMatchObject({ level: 'warn', message: 'the message' });
});

test('fields that are no JSON cost only themselves', () => {
  const { lines, logger } = logOf();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  logger.log('info', 'still logged', { circle, count: 7n });
  logger.log('info', 'a big number', { count: 7n });
  expect(parsed(lines[0])).toMatchObject({
    message: 'still logged',
    problem: 'cannot log the fields circle, count',
  });
  expect(parsed(lines[1])).toMatchObject({ count: '7' });
});
