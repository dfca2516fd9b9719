import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** The style guide as a failing test: what a linter cannot say. */
const root = join(import.meta.dirname, '..');
const tracked = execFileSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && !path.includes('/generated/'));
const texts = new Map(
  tracked.flatMap((path) => {
    try {
      return [[path, readFileSync(join(root, path), 'utf8')] as const];
    } catch {
      return []; // deleted, not committed yet
    }
  }),
);

const fileLinesMax = 400;

function offenders(breaks: (text: string, path: string) => boolean): string[] {
  return [...texts].filter(([path, text]) => breaks(text, path)).map(([path]) => path);
}

test('no file is longer than 400 lines', () => {
  expect(offenders((text) => text.split('\n').length > fileLinesMax)).toEqual([]);
});

test('file names are kebab-case, and none is a bag of things', () => {
  const name = /^(?:[a-z0-9-]+\/)*[a-z0-9-]+(?:\.test|\.config|\.d)?\.ts$/;
  expect(offenders((_, path) => !name.test(path))).toEqual([]);
  expect(
    offenders((_, path) => /(?:^|[-/])(?:utils?|helpers?|manager|misc)\.ts$/.test(path)),
  ).toEqual([]);
});

test('no suppressed check, no loose end without an issue', () => {
  const banned = /@ts-ignore|@ts-expect-error|@ts-nocheck|biome-ignore|\bFIXME\b|\bXXX\b/;
  expect(offenders((text, path) => path !== 'tools/tidy.test.ts' && banned.test(text))).toEqual([]);
});

test('no default export but in configuration', () => {
  const allowed = /\.config\.ts$/;
  expect(offenders((text, path) => !allowed.test(path) && /^export default /m.test(text))).toEqual(
    [],
  );
});
