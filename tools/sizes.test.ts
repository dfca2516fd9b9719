import { expect, test } from 'vitest';
import { members, sources } from './source-tree.ts';

const linesOf = (text: string) => text.split('\n').length;

test('no file is longer than 400 lines', () => {
  const long = sources.filter(({ text }) => linesOf(text) > 400);
  expect(long.map(({ path, text }) => `${path}: ${linesOf(text)}`)).toEqual([]);
});

test('no function is longer than 70 lines', () => {
  const long = sources.flatMap(({ path, functions }) =>
    functions
      .filter(({ lines }) => lines > 70)
      .map(({ name, line, lines }) => `${path}:${line} ${name}: ${lines}`),
  );
  expect(long).toEqual([]);
});

test('no package holds more than a fifth of the lines', () => {
  const total = sources.reduce((sum, { text }) => sum + linesOf(text), 0);
  const large = members.flatMap(({ home }) => {
    const own = sources.filter((source) => source.home === home);
    const share = own.reduce((sum, { text }) => sum + linesOf(text), 0) / total;
    return share > 0.2 ? [`${home}: ${(share * 100).toFixed(1)} %`] : [];
  });
  expect(large).toEqual([]);
});
