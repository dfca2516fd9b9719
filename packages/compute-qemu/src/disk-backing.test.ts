import { expect, test } from 'vitest';
import { backingOfChain } from './disk-backing.ts';

const [file, disk] = [{ driver: 'file' }, { driver: 'qcow2' }];

test.each([
  ['none', [file, disk]],
  ['store', [{ driver: 'nbd' }, file, disk]],
  ['hot', [{ driver: 'file' }, file, disk]],
] as const)('a disk over %s', (backing, chain) => {
  expect(backingOfChain(chain)).toBe(backing);
});
