import { expect, test } from 'vitest';
import { privateKeyPath, publicKeyBody } from './key-files.ts';

test.each([
  ['bakehouse', '/data/keys/bakehouse.pem'],
  ['../../etc/passwd', '/data/keys/..%2F..%2Fetc%2Fpasswd.pem'],
  ['my key', '/data/keys/my%20key.pem'],
])('the name %s is a file of the keys folder', (name, path) => {
  expect(privateKeyPath('/data', name)).toBe(path);
});

test('two public keys are the same whatever their comments', () => {
  expect(publicKeyBody('ssh-ed25519 AAAA me@here\n')).toBe(publicKeyBody('ssh-ed25519 AAAA'));
  expect(publicKeyBody('ssh-ed25519 AAAA')).not.toBe(publicKeyBody('ssh-ed25519 BBBB'));
});
