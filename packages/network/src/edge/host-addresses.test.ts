import { expect, test } from 'vitest';
import { addressesIn } from './host-addresses.ts';

test("the host's addresses are those that pasta could reach it at, each once", () => {
  const links = [
    {
      addr_info: [
        { family: 'inet', local: '127.0.0.1' },
        { family: 'inet', local: '10.0.0.7' },
      ],
    },
    { addr_info: [{ family: 'inet', local: '172.17.0.1' }] },
    {
      addr_info: [
        { family: 'inet', local: '10.0.0.7' },
        { family: 'inet6', local: 'fe80::1' },
      ],
    },
    {},
  ];
  expect(addressesIn(JSON.stringify(links))).toEqual(['10.0.0.7', '172.17.0.1']);
  expect(addressesIn('')).toEqual([]);
});
