import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeText, type Ruleset, replaceText } from './ruleset.ts';

const ruleset = (chains: Ruleset['chains'], elements: readonly string[] = []): Ruleset => ({
  family: 'inet',
  table: 't',
  sets: { s: { kind: 'set', type: 'ipv4_addr', elements } },
  chains,
});

test('equal states need no command', () => {
  const state = ruleset({ a: { rules: ['accept'] } }, ['10.0.0.1']);
  expect(changeText(state, state)).toBe('');
});

test('only what differs is changed, in an order that nft accepts', () => {
  const before = ruleset(
    { a: { rules: ['jump gone'] }, b: { rules: ['drop'] }, gone: { rules: [] } },
    ['10.0.0.1', '10.0.0.2'],
  );
  const after = ruleset(
    { a: { rules: ['jump new'] }, b: { rules: ['drop'] }, new: { rules: ['accept'] } },
    ['10.0.0.2', '10.0.0.3'],
  );
  expect(changeText(before, after)?.trimEnd().split('\n')).toEqual([
    'add chain inet t new',
    'flush chain inet t a',
    'flush chain inet t gone',
    'delete element inet t s { 10.0.0.1 }',
    'add element inet t s { 10.0.0.3 }',
    'add rule inet t a jump new',
    'add rule inet t new accept',
    'delete chain inet t gone',
  ]);
});

test('a hook that changes needs a replacement', () => {
  const before = ruleset({ a: { hook: 'type filter hook input priority 0;', rules: [] } });
  expect(changeText(before, ruleset({ a: { rules: [] } }))).toBeUndefined();
});

test('a replacement deletes the old table first, in the same transaction', () => {
  expect(
    replaceText(ruleset({ a: { rules: ['accept'] } }))
      .split('\n')
      .slice(0, 4),
  ).toEqual([
    'add table inet t',
    'delete table inet t',
    'add table inet t',
    'add set inet t s { type ipv4_addr; }',
  ]);
});

const state = fc
  .record({
    chains: fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.record({ rules: fc.array(fc.constantFrom('accept', 'drop', 'return'), { maxLength: 3 }) }),
      { noNullPrototype: true },
    ),
    elements: fc.uniqueArray(fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3')),
  })
  .map(({ chains, elements }) => ruleset(chains, elements));

interface Played {
  readonly chains: Record<string, string[]>;
  readonly elements: Set<string>;
}

/** What each command of nft does. */
const commands: Readonly<Record<string, (state: Played, name: string, rest: string) => void>> = {
  'add chain': ({ chains }, name) => {
    chains[name] ??= [];
  },
  'add rule': ({ chains }, name, rest) => chains[name]?.push(rest),
  'flush chain': ({ chains }, name) => {
    chains[name] = [];
  },
  'delete chain': ({ chains }, name) => {
    delete chains[name];
  },
  'add element': ({ elements }, _, rest) => {
    for (const each of listed(rest)) elements.add(each);
  },
  'delete element': ({ elements }, _, rest) => {
    for (const each of listed(rest)) elements.delete(each);
  },
};

function listed(rest: string): string[] {
  return rest.replace(/[{} ]/g, '').split(',');
}

function play(text: string, from: Ruleset): Played {
  const chains = Object.fromEntries(
    Object.entries(from.chains).map(([name, chain]) => [name, [...chain.rules]]),
  );
  const state: Played = { chains, elements: new Set(from.sets.s?.elements) };
  for (const line of text.split('\n').filter(Boolean)) {
    const [verb, kind, , , name = '', ...rest] = line.split(' ');
    commands[`${verb} ${kind}`]?.(state, name, rest.join(' '));
  }
  return state;
}

test('a change leads from any state to any other', () => {
  fc.assert(
    fc.property(state, state, (before, after) => {
      const reached = play(changeText(before, after) ?? '', before);
      expect(reached).toEqual(play('', after));
    }),
  );
});
