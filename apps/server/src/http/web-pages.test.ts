import { expect, test } from 'vitest';
import { checkHostHeader, refuseWebPage } from './web-pages.ts';

test.each(['127.0.0.1:4566', '[::1]:4566', 'localhost:4566', 'bakehouse.localhost', '127.0.0.1'])(
  'can be called as %s',
  (host) => {
    checkHostHeader({ host }, '127.0.0.1');
  },
);

test('can be called by the name that it listens on', () => {
  checkHostHeader({ host: 'Bake.internal:80' }, 'bake.internal');
});

test.each(['evil.example:4566', '127.0.0.1.evil.example', 'localhost.evil.example', ''])(
  'cannot be called as %j, a name that somebody else gives',
  (host) => {
    expect(() => checkHostHeader({ host }, '127.0.0.1')).toThrow('can be called by its address');
  },
);

test('what a page sends is refused; a person, a tool is not', () => {
  refuseWebPage({});
  refuseWebPage({ 'sec-fetch-site': 'none' });
  for (const headers of [
    { origin: 'http://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
  ]) {
    expect(() => refuseWebPage(headers)).toThrow('cannot be made by a web page');
  }
});
