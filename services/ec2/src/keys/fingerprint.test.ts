import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { createdFingerprint, importedFingerprint } from './fingerprint.ts';
import { puttyPrivateKey } from './putty-private-key.ts';
import { type SshPublicKey, sshPublicKey } from './ssh-public-key.ts';

/** RFC 8410, "Private Key Format", before the 32 bytes of the seed. */
const ed25519Header = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The Ed25519 key whose seed is the bytes 0 to 31. */
function knownKey() {
  const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  const der = Buffer.concat([ed25519Header, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = sshPublicKey(createPublicKey(privateKey)) as SshPublicKey;
  return { privateKey, publicKey };
}

test('a key in PuTTY’s form is what puttygen 0.78 writes of it', () => {
  const { privateKey, publicKey } = knownKey();
  expect(puttyPrivateKey(publicKey, privateKey, 'a key')).toBe(`\
PuTTY-User-Key-File-2: ssh-ed25519
Encryption: none
Comment: a key
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQS
VTG4
Private-Lines: 1
AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
Private-MAC: a38add30f1eba2e0949747e07a511fc0a6925d78
`);
});

test('an Ed25519 fingerprint is what ssh-keygen prints, padded, however the pair was made', () => {
  const { privateKey, publicKey } = knownKey();
  const expected = 'lbmsoA0yIEcEiVDRnMWuzm+nV+3ZEEpVIURqFoeSspg=';
  expect(createdFingerprint(publicKey, privateKey)).toBe(expected);
  expect(importedFingerprint(publicKey)).toBe(expected);
});
