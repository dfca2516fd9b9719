import { expect, test } from 'vitest';
import { CommandFailedError } from '../command.ts';
import { findByName, type Named } from './find-by-name.ts';

const rows: readonly Named[] = [
  { id: 'i-0aaa1111', names: ['web', '127.18.0.5'], isLive: true },
  { id: 'i-0aaa2222', names: ['db'], isLive: true },
  { id: 'i-0bbb3333', names: ['web'], isLive: false },
  { id: 'i-0ccc4444', names: ['old'], isLive: false },
];

const find = (query: string) =>
  findByName(rows, query, {
    noun: 'instance',
    listedBy: 'bakehouse instances',
    describe: (row) => row,
  }).id;

test.each([
  ['its id', 'i-0aaa2222', 'i-0aaa2222'],
  ['the id of what is gone', 'i-0bbb3333', 'i-0bbb3333'],
  ['a name, of those the one that lives', 'web', 'i-0aaa1111'],
  ['an address', '127.18.0.5', 'i-0aaa1111'],
  ['the beginning of its id', 'i-0aaa2', 'i-0aaa2222'],
  ['the beginning of its number', '0aaa1', 'i-0aaa1111'],
  ['a name that only something gone has', 'old', 'i-0ccc4444'],
])('is found by %s', (_, query, id) => {
  expect(find(query)).toBe(id);
});

test('a beginning that fits two is refused, naming both', () => {
  expect(() => find('i-0aaa')).toThrow(/may be any of i-0aaa1111, i-0aaa2222/);
});

test.each(['nope', 'we', 'i-', '127.18.0'])(
  'what fits nothing is refused, saying what lists: %s',
  (query) => {
    expect(() => find(query)).toThrow(CommandFailedError);
    expect(() => find(query)).toThrow(/bakehouse instances/);
  },
);
