import { expect, test } from 'vitest';
import { readConfig, UsageError } from './config.ts';

test('a flag wins over the environment, which wins over the default', () => {
  const environment = { BAKEHOUSE_LISTEN: '127.0.0.1:5000', BAKEHOUSE_REGIONS: 'eu-west-1' };
  expect(readConfig(['--listen', '[::1]:6000'], environment)).toMatchObject({
    host: '::1',
    port: 6000,
    regions: ['eu-west-1'],
    auth: 'strict',
    compute: 'qemu',
  });
});

test('all regions are many', () => {
  expect(readConfig(['--regions', 'all'], {}).regions.length).toBeGreaterThan(25);
});

test('the data folder is made absolute, and has its place by default', () => {
  expect(readConfig(['--data', '/srv/../data'], {}).dataDirectory).toBe('/data');
  expect(readConfig([], { XDG_DATA_HOME: '/home/me/d' }).dataDirectory).toBe(
    '/home/me/d/bakehouse',
  );
});

test.each([
  [['--listen', 'localhost'], '--listen must be HOST:PORT'],
  [['--listen', '127.0.0.1:70000'], '--listen must be HOST:PORT'],
  [['--regions', 'us-east-9'], "--regions has 'us-east-9'"],
  [['--auth', 'none'], '--auth must be one of strict, open'],
  [['--compute', 'docker'], '--compute must be one of qemu, simulated'],
  [['--log-level', 'loud'], '--log-level must be one of'],
  [['--owner-alias', 'a b'], '--owner-alias must have'],
  [['--owner-alias', 'self'], '--owner-alias must have'],
  [['--owner-alias', '123456789012'], '--owner-alias must have'],
  [['--auth', 'open', '--listen', '0.0.0.0:4599'], 'listen on 127.0.0.1 or use --auth strict'],
  [['--seed', 'images.json'], 'add --compute simulated'],
  [['--sed', 'images.json'], "Unknown option '--sed'"],
])('%j is refused', (args, words) => {
  expect(() => readConfig(args, {})).toThrow(UsageError);
  expect(() => readConfig(args, {})).toThrow(words);
});
