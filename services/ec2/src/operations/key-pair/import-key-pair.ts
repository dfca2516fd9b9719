import { apiError, type KeyPair } from '@bakehouse/domain';
import { importedFingerprint } from '../../keys/fingerprint.ts';
import { readPublicKey } from '../../keys/read-public-key.ts';
import { openSshLine, type SshPublicKey } from '../../keys/ssh-public-key.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor, tagsView } from '../../request/tags.ts';
import { checkKeyName, checkNameIsFree } from './key-name.ts';

/**
 * The documentation names 1024, 2048 and 4096 bits. EC2 takes what lies between too (ssh-keygen makes 3072), and
 * longer ones that fit into the material.
 */
const rsaBitsMin = 1024;
/** EC2's bound on the decoded material. */
const materialBytesMax = 2048;

function importedKey(material: Uint8Array): SshPublicKey {
  if (material.length === 0) throw apiError('MissingParameter', { parameter: 'PublicKeyMaterial' });
  if (material.length > materialBytesMax) {
    throw apiError('InvalidParameterValue', {
      message: `Value for parameter PublicKeyMaterial is invalid. Length exceeds maximum of ${materialBytesMax}.`,
    });
  }
  const publicKey = readPublicKey(material);
  if (!publicKey) {
    throw apiError('InvalidKey.Format', {
      message: 'Key is not in valid OpenSSH public key format',
    });
  }
  const bits = publicKey.key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.keyType === 'rsa' && bits < rsaBitsMin) {
    throw apiError('InvalidKey.Format', {
      message: `Key length ${bits} is not supported: RSA keys must have at least ${rsaBitsMin} bits`,
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
