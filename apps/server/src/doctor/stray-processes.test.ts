import { expect, test } from 'vitest';
import type { PlatformProcess } from './platform-processes.ts';
import { strayProcesses } from './stray-processes.ts';

const known = { machines: new Set(['i-1']), volumes: new Set(['vol-1']) };
const problems = (...processes: Omit<PlatformProcess, 'startTicks'>[]) =>
  strayProcesses(
    processes.map((process) => ({ ...process, startTicks: '1' })),
    known,
  ).map(({ process, problem }) => [process.pid, problem]);

test('what records name is no stray', () => {
  expect(
    problems(
      { pid: 1, role: 'guest', subject: 'i-1' },
      { pid: 2, role: 'disk daemon', subject: 'vol-1' },
      { pid: 3, role: 'block server' },
      { pid: 4, role: 'metadata agent' },
      { pid: 5, role: 'dnsmasq' },
    ),
  ).toEqual([]);
});

test('a guest or daemon without a record is a stray', () => {
  expect(
    problems(
      { pid: 1, role: 'guest', subject: 'i-2' },
      { pid: 2, role: 'disk daemon', subject: 'vol-2' },
    ).map(([pid]) => pid),
  ).toEqual([1, 2]);
});

test('of two that do the same, the second is a stray', () => {
  expect(problems({ pid: 3, role: 'block server' }, { pid: 4, role: 'block server' })).toEqual([
    [4, 'a second block server'],
  ]);
});
