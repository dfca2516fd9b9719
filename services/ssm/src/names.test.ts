import { expect, test } from 'vitest';
import { folderOfPath, writableName } from './names.ts';

const scope = { accountId: '123456789012', region: 'us-east-1' };
const deep = (levels: number) => '/a'.repeat(levels);

test.each(['x', '/x', 'my.para-meter_1', '/a/b/c', deep(15), ' /trimmed '])('%j', (name) => {
  expect(writableName(scope, name)).toBe(name.trim());
});

test.each([
  ['', 'ValidationException'],
  ['/', 'ValidationException'],
  ['/a/', 'ValidationException'],
  ['//a', 'ValidationException'],
  ['a b', 'ValidationException'],
  ['a/b', 'ValidationException'],
  ['a:1', 'ValidationException'],
  ['ssm-x', 'ValidationException'],
  ['/SSM/x', 'ValidationException'],
  ['aws-x', 'AccessDeniedException'],
  ['/aws/service/x', 'AccessDeniedException'],
  [`/${'a'.repeat(1000)}`, 'ValidationException'],
  [deep(16), 'HierarchyLevelLimitExceededException'],
])('%j is refused with %s', (name, code) => {
  expect(() => writableName(scope, name)).toThrow(expect.objectContaining({ code }));
});

test('a folder begins and ends with a slash', () => {
  expect(folderOfPath('/')).toBe('/');
  expect(folderOfPath('/a/b')).toBe('/a/b/');
  expect(folderOfPath('/a/b/')).toBe('/a/b/');
  for (const path of ['', 'a', '/a//b', '/a b']) {
    expect(() => folderOfPath(path)).toThrow(
      expect.objectContaining({ code: 'ValidationException' }),
    );
  }
});
