import { expect, test } from 'vitest';
import { mergeTags } from './tags.ts';

const refused = expect.objectContaining({ code: 'ValidationException' });

test('lengths are counted in Unicode characters', () => {
  const longest = { Key: '😀'.repeat(128), Value: '😀'.repeat(256) };
  expect(mergeTags({}, [longest])).toEqual({ [longest.Key]: longest.Value });
  for (const longer of [
    { ...longest, Key: `${longest.Key}a` },
    { ...longest, Value: `${longest.Value}a` },
  ]) {
    expect(() => mergeTags({}, [longer])).toThrow(refused);
  }
});

test('a key given twice is refused, one that was there is replaced', () => {
  const tag = { Key: 'a', Value: '2' };
  expect(mergeTags({ a: '1' }, [tag])).toEqual({ a: '2' });
  expect(() => mergeTags({}, [tag, { Key: 'a', Value: '3' }])).toThrow(refused);
});
