import { readFileSync } from 'node:fs';
import { _InstanceType } from '@aws-sdk/client-ec2';
import { allInstanceTypes } from '@bakehouse/domain';
import { expect, test } from 'vitest';
import { generateInstanceTypes } from '../scripts/instance-types/generate.ts';
import { readFacts } from '../scripts/instance-types/read-facts.ts';
import { familyOf } from '../scripts/instance-types/subject.ts';

const { table, page } = generateInstanceTypes();

test.each([
  ['table', table],
  ['page', page],
])('the %s is what the facts make (npm run instance-types)', (_, { path, text }) => {
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('the table has the types of the official model and no others', () => {
  const names = allInstanceTypes().map(({ name }) => name);
  expect(names).toEqual(Object.values(_InstanceType).toSorted());
});

test('no fact is of a family, type, profile or size that EC2 does not have', () => {
  const facts = readFacts();
  const names: ReadonlySet<string> = new Set(Object.values(_InstanceType));
  const families = new Set([...names].map(familyOf));
  expect([...facts.families.keys()].filter((name) => !families.has(name))).toEqual([]);
  const named = [...facts.types.keys(), ...facts.accelerators.keys()];
  expect(named.filter((name) => !names.has(name))).toEqual([]);
  for (const kind of ['network', 'ebs', 'store', 'cores'] as const) {
    const used = new Set(
      [...facts.families.values(), ...facts.types.values()].map((keys) => keys.get(kind)),
    );
    const unused = [...facts[kind].keys()].filter((row) => !used.has(row.split(' ')[0]));
    expect(unused).toEqual([]);
  }
});
