import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeText, type NftSet, type Ruleset } from './ruleset.ts';
import { type TablePart, TableParts } from './table-parts.ts';

const set = (elements: readonly string[]): NftSet => ({ kind: 'set', type: 'mark', elements });
const anyPart: fc.Arbitrary<TablePart> = fc.record({
  sets: fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.uniqueArray(fc.constantFrom('1', '2', '3')).map(set),
  ),
  // What several parts have is equal.
  chains: fc
    .uniqueArray(fc.constantFrom('x', 'y', 'z'))
    .map((names) => Object.fromEntries(names.map((name) => [name, { rules: [`jump ${name}`] }]))),
});

/** A table in the kernel, of which only existence and elements matter. */
function applied(table: Ruleset, { before, after }: { before: Ruleset; after: Ruleset }): Ruleset {
  const sets = { ...table.sets };
  for (const [name, { elements }] of Object.entries(before.sets)) {
    const left = table.sets[name]?.elements.filter((each) => !elements.includes(each)) ?? [];
    sets[name] = set(left);
    if (!Object.hasOwn(after.sets, name)) delete sets[name];
  }
  for (const [name, { elements }] of Object.entries(after.sets)) {
    sets[name] = set([...(sets[name]?.elements ?? []), ...elements]);
  }
  const chains = { ...table.chains };
  for (const name of Object.keys(before.chains)) delete chains[name];
  return { ...table, sets, chains: { ...chains, ...after.chains } };
}

const plain = ({ sets, chains }: Ruleset) => ({
  sets: Object.fromEntries(
    Object.entries(sets).map(([name, { elements }]) => [name, [...elements].sort()]),
  ),
  chains,
});

test('changes add up to the whole, and undo what they did', () => {
  const anyChange = fc.array(
    fc.tuple(fc.constantFrom('one', 'two', 'three'), fc.option(anyPart, { nil: undefined })),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(anyChange), (changes) => {
      const parts = new TableParts('inet', 't');
      let kernel = parts.whole();
      for (const change of changes) {
        const before = plain(parts.whole());
        const tried = parts.change(new Map(change));
        parts.change(tried.undo);
        expect(plain(parts.whole())).toEqual(before);
        kernel = applied(kernel, parts.change(new Map(change)));
        expect(plain(kernel)).toEqual(plain(parts.whole()));
      }
    }),
  );
});

test('a change names only what differs', () => {
  const parts = new TableParts('inet', 't');
  const nic = (index: number) => ({ sets: { ports: set([`${index}`]) } });
  parts.change(new Map([1, 2, 3].map((index) => [`nic ${index}`, nic(index)])));
  const { before, after } = parts.change(new Map([['nic 4', nic(4)]]));
  expect(changeText(before, after)).toBe('add element inet t ports { 4 }\n');
  const same = parts.change(new Map([['nic 4', nic(4)]]));
  expect(changeText(same.before, same.after)).toBe('');
});
