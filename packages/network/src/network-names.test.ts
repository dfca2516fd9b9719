import { expect, test } from 'vitest';
import { NetworkInputError } from './network-errors.ts';
import { networkNames, tapName } from './network-names.ts';

test("a port's name fits IFNAMSIZ of Linux, and ids of both lengths have distinct ones", () => {
  const names = ['eni-0123456789abcdef0', 'eni-0123456789abcdef1', 'eni-01234567'].map((id) =>
    tapName(id as `eni-${string}`),
  );
  for (const name of names) expect(name).toMatch(/^[a-z][a-z0-9]{0,14}$/);
  expect(new Set(names).size).toBe(3);
});

test.each(['', 'Upper', '9digit', 'a'.repeat(13), 'a/b', 'a b'])('refuses the name %j', (name) => {
  expect(() => networkNames(name, '/data')).toThrow(NetworkInputError);
});

test("every name begins with the platform's own, so it can be found and removed", () => {
  expect(networkNames('bh-1', '/data')).toMatchObject({
    namespace: 'bh-1',
    namespaceFile: '/run/netns/bh-1',
    hostLink: 'bh-1-up',
    runtimeDirectory: '/run/bakehouse-bh-1',
  });
});
