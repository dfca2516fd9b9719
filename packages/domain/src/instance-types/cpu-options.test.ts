import { expect, test } from 'vitest';
import { defaultCpuOptions, validCores, validThreads, vcpusOf } from './cpu-options.ts';
import { allInstanceTypes, findInstanceType } from './table.ts';

test('the default options of a type are its virtual CPUs', () => {
  for (const type of allInstanceTypes()) {
    expect(vcpusOf(defaultCpuOptions(type)), type.name).toBe(type.vcpus);
  }
});

test.each([
  ['m5.2xlarge', [2, 4], [1, 2]],
  ['m3.xlarge', [1, 2], [1, 2]],
  ['m7g.xlarge', [1, 2, 3, 4], [1]],
  ['c7a.xlarge', [1, 2, 3, 4], [1]],
  ['i3.metal', [], []],
])('%s has its valid cores and threads', (name, cores, threads) => {
  const type = findInstanceType(name);
  expect(type && validCores(type)).toEqual(cores);
  expect(type && validThreads(type)).toEqual(threads);
});
