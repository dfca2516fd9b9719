import { expect, test } from 'vitest';
import {
  enterGroups,
  scopeCommand,
  settingsOfOne,
  settingsOfV1,
  sliceOf,
  userManager,
} from './plan-control-group.ts';

const limits = { memoryBytes: 1024, threadsMax: 7, weight: 200 };

test('both versions of cgroups get the same limits', () => {
  const byFile = (settings: ReturnType<typeof settingsOfOne>) =>
    Object.fromEntries(settings.map(({ path, value }) => [path, value]));
  expect(byFile(settingsOfOne('/g/x', limits))).toMatchObject({
    '/g/x/memory.max': '1024',
    '/g/x/memory.swap.max': '0',
    '/g/x/pids.max': '7',
    '/g/x/cpu.weight': '200',
    '/g/x/io.weight': 'default 200',
  });
  expect(byFile(settingsOfV1('/g', 'x', limits))).toMatchObject({
    '/g/memory/x/memory.limit_in_bytes': '1024',
    '/g/memory/x/memory.memsw.limit_in_bytes': '1024',
    '/g/pids/x/pids.max': '7',
    '/g/cpu/x/cpu.shares': '2048',
  });
});

test('disks know weights up to 1000', () => {
  const settings = settingsOfOne('/g/x', { ...limits, weight: 10_000 });
  expect(settings.find(({ path }) => path.endsWith('io.bfq.weight'))?.value).toBe('1000');
});

test('memory with swap is lifted before memory alone, and is optional', () => {
  const settings = settingsOfV1('/g', 'x', limits).filter(({ path }) => path.includes('/memory/'));
  expect(
    settings.map(({ path, value, optional }) => [
      path.slice('/g/memory/x/memory.'.length),
      value,
      optional,
    ]),
  ).toEqual([
    ['memsw.limit_in_bytes', '-1', true],
    ['limit_in_bytes', '1024', false],
    ['memsw.limit_in_bytes', '1024', true],
  ]);
});

test('a scope has a slice for itself, below the one of all', () => {
  expect(sliceOf('x')).toBe('x.slice');
  expect(sliceOf('bakehouse-7-i-0')).toBe('bakehouse-7_i_0.slice');
  expect(scopeCommand('bakehouse-7-i-0').slice(-3)).toEqual([
    ...['--unit=bakehouse-7-i-0', '--slice=bakehouse-7_i_0.slice', '--'],
  ]);
});

test("a user's own systemd is asked by its folder", () => {
  const command = scopeCommand('bakehouse-x', userManager('/run/user/7'));
  expect(command.slice(0, 5)).toEqual([
    ...['env', 'XDG_RUNTIME_DIR=/run/user/7', 'systemd-run', '--user', '--scope'],
  ]);
});

test('groups are named before the mark that ends them', () => {
  expect(enterGroups(['/g/a', '/g/b']).slice(-3)).toEqual(['/g/a', '/g/b', '--']);
});
