import { errorCatalogue } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { sources } from './source-tree.ts';

/** In place of a detail. */
const hole = '…';

/** The words after `message:` of an error. */
const messages = (text: string) =>
  [...text.matchAll(/apiError\(\s*'[\w.]+',\s*\{\s*message:\s*(`[^`]*`|'[^']*'|"[^"]*")/g)].map(
    ([, message = '']) => message.slice(1, -1).replaceAll(/\$\{[^}]*\}/g, hole),
  );

const looksLikeSentence = (words: string) =>
  (/^[A-Z]/.test(words) || words.startsWith(hole)) && words.split(' ').length >= 6;

/** What is words of an error or looks like it, in the files that make errors. */
const sentences = sources
  .filter(({ isTest, home, text }) => !isTest && home !== 'tools' && text.includes('apiError('))
  .filter(({ path }) => path !== 'packages/domain/src/errors/catalogue.ts')
  .flatMap(({ path, text, literals }) => {
    const direct = messages(text);
    const others = literals.filter((words) => looksLikeSentence(words) && !direct.includes(words));
    return [...direct, ...others].map((words) => ({ path, words }));
  });

test('no words of an error are written twice', () => {
  expect(sentences.length).toBeGreaterThan(150);
  const places = Map.groupBy(sentences, ({ words }) => words);
  const twice = [...places].filter(([, found]) => found.length > 1);
  expect(twice.map(([words, found]) => [words, ...found.map(({ path }) => path)])).toEqual([]);
});

/** Details that are no text, or that the words can do without. */
const otherDetails: Readonly<Record<string, unknown>> = {
  oneOf: [hole],
  known: [hole],
  names: [hole],
  expected: undefined,
  hint: undefined,
};

/** Has a hole for any detail that the catalogue's words ask for, but no words of its own. */
const details = new Proxy(
  {},
  {
    get: (_, name) => (String(name) in otherDetails ? otherDetails[String(name)] : hole),
    has: (_, name) => name !== 'message',
  },
);

test('the words of the catalogue are not written by hand', () => {
  const catalogued = Object.values<{ message: (given: never) => string }>(errorCatalogue)
    .map(({ message }) => Reflect.apply(message, undefined, [details]) as string)
    .filter((words) => words !== hole);
  expect(catalogued.length).toBeGreaterThan(25);
  const escaped = (words: string) => words.split(hole).map(RegExp.escape).join('.*');
  const patterns = catalogued.map((words) => new RegExp(`^${escaped(words)}`, 's'));
  const byHand = sentences.filter(({ words }) => patterns.some((pattern) => pattern.test(words)));
  expect(byHand).toEqual([]);
});
