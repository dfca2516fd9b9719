import { expect, test } from 'vitest';
import { parameterId, parameterVersionId, readParameterReference } from './parameter-name.ts';

const theirs = { region: 'us-east-1', ownerId: '123456789012' };

test.each([
  ['x', { name: 'x' }],
  ['/a/b:3', { name: '/a/b', selector: '3' }],
  ['/a/b:live', { name: '/a/b', selector: 'live' }],
  ['x:', { name: 'x', selector: '' }],
  ['arn:aws:ssm:us-east-1:123456789012:parameter/a/b', { name: '/a/b', ...theirs }],
  [
    'arn:aws-cn:ssm:cn-north-1::parameter/a:1',
    { name: '/a', selector: '1', region: 'cn-north-1', ownerId: '' },
  ],
])('%s', (text, reference) => {
  expect(readParameterReference(text)).toEqual(reference);
});

test('records are in order of path, versions in order of number', () => {
  const scope = { accountId: '123456789012', region: 'us-east-1' };
  expect(parameterId(scope, 'x')).toBe(parameterId(scope, '/x'));
  expect(parameterId(scope, '/a/b').startsWith(parameterId(scope, '/a/'))).toBe(true);
  expect(parameterVersionId('p', 9) < parameterVersionId('p', 10)).toBe(true);
});
