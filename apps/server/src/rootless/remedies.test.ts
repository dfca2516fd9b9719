import { expect, test } from 'vitest';
import { subordinateProblem, sysctlCommand, tunCommand } from './remedies.ts';

const alice = { name: 'alice', id: 1000 };
const remedyOf = (subuid: string, subgid = subuid) =>
  subordinateProblem({ subuid, subgid }, alice, 65_536)?.remedy;

test('a user whose first range is long enough lacks nothing', () => {
  expect(remedyOf('bob:100000:10\nalice:200000:65536\nalice:300000:10\n')).toBeUndefined();
});

test('a user without ids gets them in the files that lack them', () => {
  const range = '165536-231071';
  expect(remedyOf('bob:100000:65536\n')).toBe(
    `sudo usermod --add-subuids ${range} --add-subgids ${range} alice`,
  );
  expect(remedyOf('alice:100000:65536\n', '')).toBe(`sudo usermod --add-subgids ${range} alice`);
});

test('a short range that comes first is removed, as another would never be used', () => {
  expect(remedyOf('alice:100000:1000\n')).toBe(
    'sudo usermod --del-subuids 100000-100999 --del-subgids 100000-100999 alice && ' +
      'sudo usermod --add-subuids 101000-166535 --add-subgids 101000-166535 alice',
  );
  expect(remedyOf('alice:100000:1000\nalice:200000:65536\n', 'alice:200000:65536\n')).toBe(
    'sudo usermod --del-subuids 100000-100999 alice',
  );
});

test('what is given is there after a boot, too', () => {
  expect(sysctlCommand('user.max_user_namespaces', '15000')).toMatch(
    /-w user.max_user_namespaces=15000 .*\/etc\/sysctl\.d\//,
  );
  expect(tunCommand).toMatch(/^sudo chmod .*\/etc\/udev\/rules\.d\//);
});
