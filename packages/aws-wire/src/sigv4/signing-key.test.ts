import { expect, test } from 'vitest';
import { cachedSigningKeys, deriveSigningKey } from './signing-key.ts';

const credential = { accessKeyId: 'A', date: '20150830', region: 'us-east-1', service: 'iam' };
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

test('the key is that of the documentation’s example', () => {
  expect(deriveSigningKey(secret, credential).export().toString('hex')).toBe(
    'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
  );
});

test('a key is derived once, and again when its secret changes', () => {
  const derive = cachedSigningKeys();
  const first = derive(secret, credential);
  expect(derive(secret, credential)).toBe(first);
  const changed = derive('other', credential);
  expect(changed.equals(first)).toBe(false);
  expect(derive(secret, credential).equals(first)).toBe(true);
});

test('the oldest of many keys is forgotten', () => {
  const derive = cachedSigningKeys();
  const first = derive(secret, credential);
  for (let i = 0; i < 1_000; i += 1) derive(secret, { ...credential, accessKeyId: `B${i}` });
  const again = derive(secret, credential);
  expect(again.equals(first)).toBe(true);
  expect(again).not.toBe(first);
});
