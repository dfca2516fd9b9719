import * as sdk from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { decodeStsQuery } from './decode-sts-query.ts';

const decoded = (action: string) =>
  decodeStsQuery({
    rawQuery: '',
    body: new TextEncoder().encode(`Action=${action}&Version=2011-06-15`),
  });

const others = Object.keys(sdk)
  .filter((name) => name.endsWith('Command') && name !== '$Command')
  .map((name) => name.slice(0, -'Command'.length))
  .filter((name) => name !== 'GetCallerIdentity');

test('what STS has and is not served is unsupported, what it does not have is no action', () => {
  expect(others).toContain('AssumeRole');
  for (const action of others) {
    expect(() => decoded(action)).toThrow(
      expect.objectContaining({ code: 'UnsupportedOperation' }),
    );
  }
  const invalid = expect.objectContaining({ code: 'InvalidAction' });
  expect(() => decoded('DescribeImages')).toThrow(invalid);
  expect(() => decoded('toString')).toThrow(invalid);
  expect(decoded('GetCallerIdentity').action).toBe('GetCallerIdentity');
});
