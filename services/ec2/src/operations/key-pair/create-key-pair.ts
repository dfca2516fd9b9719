import type { KeyPair } from '@bakehouse/domain';
import { generateKey } from '../../keys/generate-key.ts';
import type { Operation } from '../../operation.ts';
import { tagsFor, tagsView } from '../../request/tags.ts';
import { oneOf } from '../../request/text.ts';
import { checkKeyName, checkNameIsFree } from './key-name.ts';

/** Makes a key pair. The private half is in this reply and nowhere else. */
export const createKeyPair: Operation<'CreateKeyPair'> = async (context, request) => {
  const name = request.KeyName;
  checkKeyName(name);
  const keyType = oneOf('KeyType', request.KeyType ?? 'rsa', ['rsa', 'ed25519']);
  const format = oneOf('KeyFormat', request.KeyFormat ?? 'pem', ['pem', 'ppk']);
  const tags = tagsFor('key-pair', request.TagSpecifications, ['key-pair']);
  // Before the work of making one, and again with the record.
  await context.read((reader) => checkNameIsFree(reader, context, name));
  const made = await generateKey({ keyType, format, comment: name });
  const keyPair: KeyPair = {
    id: context.ids.resource('key'),
    ownerId: context.accountId,
    region: context.region,
    createdAt: context.now,
    tags,
    name,
    keyType,
    fingerprint: made.fingerprint,
    publicKey: made.publicLine,
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
    KeyMaterial: made.privateText,
  };
};
