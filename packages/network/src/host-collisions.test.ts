import { expect, test } from 'vitest';
import { planAddressing } from './addressing.ts';
import { findCollision } from './host-collisions.ts';

const addressing = planAddressing('127.18.0.0/16');
const find = (
  routes: { dst: string; dev: string }[],
  links: { ifname: string; ifalias?: string }[] = [],
) => findCollision(addressing, 'bh-a-up', { routes, links });

test('an ordinary host has no collision', () => {
  expect(
    find(
      [
        { dst: 'default', dev: 'eth0' },
        { dst: '192.0.2.0/24', dev: 'eth0' },
        { dst: '240.18.0.0/16', dev: 'bh-a-up' },
      ],
      [
        { ifname: 'lo' },
        { ifname: 'bh-a-up', ifalias: 'bakehouse 127.18.0.0/16 240.18.0.0/16 /data' },
        { ifname: 'bh-b-up', ifalias: 'bakehouse 127.19.0.0/16 240.19.0.0/16 /other' },
      ],
    ),
  ).toBeUndefined();
});

test('another platform with the same public range is named', () => {
  const other = { ifname: 'bh-b-up', ifalias: 'bakehouse 127.18.4.0/22 240.18.4.0/22 /other' };
  expect(find([], [other])).toMatch(/bh-b-up.*\/other.*127\.19/);
});

test.each(['240.0.0.0/4', '240.18.7.7', '198.18.0.0/15'])('a route to %s is named', (dst) => {
  expect(find([{ dst, dev: 'tun0' }])).toContain(`${dst} dev tun0`);
});
