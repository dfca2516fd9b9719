import { expect, test } from 'vitest';
import { pages, type SourceFile, sources } from './source-tree.ts';

const offenders = (breaks: (source: SourceFile) => boolean): readonly string[] =>
  sources.filter(breaks).map(({ path }) => path);

test('file names are kebab-case, and none is a bag of things', () => {
  const name = /^(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:\.test|\.config|\.d)?\.ts$/;
  expect(offenders(({ path }) => !name.test(path))).toEqual([]);
  const bag = /(?:^|[-/])(?:utils?|helpers?|manager|misc)\.ts$/;
  expect(offenders(({ path }) => bag.test(path))).toEqual([]);
});

test('no suppressed check, no loose end without an issue', () => {
  const banned = /@ts-ignore|@ts-expect-error|@ts-nocheck|biome-ignore|\bFIXME\b|\bXXX\b/;
  expect(offenders(({ path, text }) => path !== 'tools/tidy.test.ts' && banned.test(text))).toEqual(
    [],
  );
});

test('nothing is cast to never, which fits everything and checks nothing', () => {
  expect(offenders(({ casts }) => casts.includes('never'))).toEqual([]);
});

test('no default export but in configuration', () => {
  const isConfig = ({ path }: SourceFile) => path.endsWith('.config.ts');
  expect(offenders((source) => source.exported.includes('default') && !isConfig(source))).toEqual(
    [],
  );
});

/** Words that a native engineer would not use for these things, with the plain ones. */
const dialect: Readonly<Record<string, string>> = {
  anew: 'again',
  beforehand: 'first',
  doomed: 'removing, pendingDelete',
  hurry: 'makeUrgent, deadlineOverride',
  mend: 'repair, fix',
  mended: 'repaired, fixed',
  mends: 'repairs, fixes',
  spoil: 'corrupt',
  spoiled: 'corrupted',
  spoilt: 'corrupted',
  tells: 'reports, returns, prints',
  theOne: 'match',
  told: 'reported, returned, printed',
};

test('comments, messages, names and pages are in plain English', () => {
  const words = new RegExp(`\\b(?:${Object.keys(dialect).join('|')})\\b`, 'gi');
  const found = [...sources, ...pages].flatMap(({ path, text }) =>
    path === 'tools/tidy.test.ts'
      ? []
      : [...text.matchAll(words)].map(([word]) => `${path}: ${word}, better: ${plain(word)}`),
  );
  expect(found).toEqual([]);
});

function plain(word: string): string | undefined {
  const key = Object.keys(dialect).find((each) => each.toLowerCase() === word.toLowerCase());
  return key && dialect[key];
}
