import { expect, test } from 'vitest';
import { errorFields, messageOf } from './error-text.ts';

test('the message of anything thrown', () => {
  expect([new TypeError('no'), 'text', 7, undefined].map(messageOf)).toEqual([
    'no',
    'text',
    '7',
    'undefined',
  ]);
});

test('an error keeps its stack, its code, the whole chain of causes and the errors it holds', () => {
  const root = Object.assign(new Error('disk full'), { code: 'ENOSPC', secret: 'hidden' });
  const middle = new Error('cannot write', { cause: root });
  const fields = errorFields(new AggregateError([middle, 'text'], 'rollback failed'));
  expect(fields).toMatchObject({
    name: 'AggregateError',
    message: 'rollback failed',
    stack: expect.stringContaining('error-text.test.ts'),
    errors: [
      {
        message: 'cannot write',
        stack: expect.stringContaining('cannot write'),
        cause: { message: 'disk full', code: 'ENOSPC', stack: expect.any(String) },
      },
      { message: 'text' },
    ],
  });
  expect(JSON.stringify(fields)).not.toContain('hidden');
});

test('a cause that leads back to itself ends', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(errorFields(error)).length).toBeLessThan(100_000);
});
