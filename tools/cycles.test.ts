import { expect, test } from 'vitest';
import { importedFile, sources } from './source-tree.ts';

const imports = new Map(
  sources.map((source) => [
    source.path,
    source.imports.flatMap((name) => importedFile(source, name) ?? []),
  ]),
);

/** A circle that can be reached from here, as the files along it; none when every path ends. */
function findCircle(
  path: string,
  { along, ended }: { along: readonly string[]; ended: Set<string> },
): readonly string[] | undefined {
  const start = along.indexOf(path);
  if (start >= 0) return [...along.slice(start), path];
  if (ended.has(path)) return undefined;
  for (const next of imports.get(path) ?? []) {
    const circle = findCircle(next, { along: [...along, path], ended });
    if (circle) return circle;
  }
  ended.add(path);
  return undefined;
}

test('no file imports itself through others, not even a type', () => {
  const ended = new Set<string>();
  for (const path of imports.keys()) {
    expect(findCircle(path, { along: [], ended })?.join(' → ')).toBeUndefined();
  }
});
