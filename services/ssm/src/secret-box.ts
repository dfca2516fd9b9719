import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Encrypts the values of SecureStrings. */
export interface SecretBox {
  /** The encrypted text in base64; it can be opened for the same purpose only. */
  seal(text: string, purpose: string): string;
  /** Throws `UnknownSecretKeyError` for what another key has sealed. */
  open(sealed: string, purpose: string): string;
}

/** A value that this platform's key cannot open. */
export class UnknownSecretKeyError extends Error {
  override readonly name = 'UnknownSecretKeyError';

  constructor(keyId: string) {
    super(
      `the value is encrypted with the key ${keyId}, which this server does not have; give it the file parameter-key of the data folder of the server that stored the value`,
    );
  }
}

/** The key that sealed the values is not there; its file is named. */
class SecretKeyUnavailableError extends Error {
  override readonly name = 'SecretKeyUnavailableError';
}

const cipher = 'aes-256-gcm';
const keyIdBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;

/** Names a key without revealing it: the first 8 bytes of its SHA-256, in hexadecimal. */
export const keyIdOf = (key: Uint8Array): string =>
  createHash('sha256').update(key).digest().subarray(0, keyIdBytes).toString('hex');

/** The id of the key that has sealed this. */
export const sealedBy = (sealed: string): string =>
  Buffer.from(sealed, 'base64').subarray(0, keyIdBytes).toString('hex');

/**
 * Seals by AES-256-GCM with a key of 32 bytes. What is sealed is, in this order: the first 8 bytes of the key's SHA-256,
 * a random nonce of 12 bytes, the authentication tag of 16 bytes, the encrypted text; the purpose is authenticated.
 */
export function secretBox(key: Uint8Array): SecretBox {
  const keyId = Buffer.from(keyIdOf(key), 'hex');
  return {
    seal(text, purpose) {
      const nonce = randomBytes(nonceBytes);
      const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(purpose));
      const hidden = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
      return Buffer.concat([keyId, nonce, sealing.getAuthTag(), hidden]).toString('base64');
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed, 'base64');
      const named = bytes.subarray(0, keyIdBytes);
      if (!named.equals(keyId)) throw new UnknownSecretKeyError(named.toString('hex'));
      const nonce = bytes.subarray(keyIdBytes, keyIdBytes + nonceBytes);
      const rest = bytes.subarray(keyIdBytes + nonceBytes);
      const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(rest.subarray(0, tagBytes));
      return opening.update(rest.subarray(tagBytes), undefined, 'utf8') + opening.final('utf8');
    },
  };
}

/** In place of a box whose key is missing: it seals and opens nothing. */
export const missingKeyBox = (path: string): SecretBox =>
  refusingBox(
    `the key of this platform's SecureStrings, ${path}, is missing: put it back from a backup and start the server again; if it is lost, delete every SecureString first, and the next start makes a new key`,
  );

/** In place of a box with another key than that of the values: what it sealed, the right key would not open. */
export const wrongKeyBox = (path: string, keyId: string): SecretBox =>
  refusingBox(
    `${path} is not the key of this platform's SecureStrings, which is ${keyId}: put the right file back from a backup and start the server again; if it is lost, delete every SecureString first, and the next start takes the key that is there`,
  );

function refusingBox(why: string): SecretBox {
  const refuse = () => {
    throw new SecretKeyUnavailableError(why);
  };
  return { seal: refuse, open: refuse };
}
