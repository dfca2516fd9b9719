import { apiError, type KeyPair } from '@bakehouse/domain';
import { importedFingerprint } from '../../keys/fingerprint.ts';
import { readPublicKey } from '../../keys/read-public-key.ts';
import { openSshLine, type SshPublicKey } from '../../keys/ssh-public-key.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor, tagsView } from '../../tag-specification.ts';
import { checkKeyName, checkNameIsFree } from './key-name.ts';

/** "Supported lengths: 1024, 2048, and 4096." */
const rsaBits = [1024, 2048, 4096];

function importedKey(material: Uint8Array): SshPublicKey {
  if (material.length === 0) throw apiError('MissingParameter', { parameter: 'PublicKeyMaterial' });
  const publicKey = readPublicKey(material);
  if (!publicKey) {
    throw apiError('InvalidKey.Format', {
      message: 'Key is not in valid OpenSSH public key format',
    });
  }
  const bits = publicKey.key.asymmetricKeyDetails?.modulusLength;
  if (publicKey.keyType === 'rsa' && !rsaBits.includes(bits ?? 0)) {
    throw apiError('InvalidKey.Format', {
      message: `Key length ${bits} is not supported: RSA keys must have ${rsaBits.join(', ')} bits`,
    });
  }
  return publicKey;
}

/** Takes the public half of a key pair that was made elsewhere. */
export const importKeyPair: Operation<'ImportKeyPair'> = async (context, request) => {
  const name = request.KeyName;
  checkKeyName(name);
  const tags = tagsFor('key-pair', request.TagSpecifications, ['key-pair']);
  const publicKey = importedKey(request.PublicKeyMaterial);
  const keyPair: KeyPair = {
    id: context.ids.resource('key'),
    ownerId: context.accountId,
    region: context.region,
    createdAt: context.now,
    tags,
    name,
    keyType: publicKey.keyType,
    fingerprint: importedFingerprint(publicKey),
    publicKey: openSshLine(publicKey, name),
  };
  await context.write(async (tx) => {
    await checkNameIsFree(tx, context, name);
    await tx.put('keyPair', keyPair);
  });
  return {
    KeyPairId: keyPair.id,
    Tags: tagsView(tags),
    KeyName: name,
    KeyFingerprint: keyPair.fingerprint,
  };
};
