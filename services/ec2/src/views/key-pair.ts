import type * as Ec2 from '@bakehouse/aws-model';
import type { KeyPair } from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';
import { withMilliseconds } from './time.ts';

export type KeyPairView = NonNullable<Ec2.Ec2Output<'DescribeKeyPairs'>['KeyPairs']>[number];

/** The official shape of a key pair. The public key is returned only when the request asks for it. */
export function keyPairView(keyPair: KeyPair, { withPublicKey = false } = {}): KeyPairView {
  return {
    KeyPairId: keyPair.id,
    KeyType: keyPair.keyType,
    Tags: tagsView(keyPair.tags),
    ...(withPublicKey ? { PublicKey: keyPair.publicKey } : {}),
    CreateTime: withMilliseconds(keyPair.createdAt),
    KeyName: keyPair.name,
    KeyFingerprint: keyPair.fingerprint,
  };
}
