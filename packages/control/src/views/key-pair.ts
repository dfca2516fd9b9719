import type * as Ec2 from '@bakehouse/aws-model';
import type { KeyPair } from '@bakehouse/domain';
import { tagsView } from '../tag-specification.ts';

export type KeyPairView = NonNullable<Ec2.Ec2Output<'DescribeKeyPairs'>['KeyPairs']>[number];

/** The official shape of a key pair; the public half only when it was asked for. */
export function keyPairView(keyPair: KeyPair, { withPublicKey = false } = {}): KeyPairView {
  return {
    KeyPairId: keyPair.id,
    KeyType: keyPair.keyType,
    Tags: tagsView(keyPair.tags),
    ...(withPublicKey ? { PublicKey: keyPair.publicKey } : {}),
    CreateTime: new Date(keyPair.createdAt),
    KeyName: keyPair.name,
    KeyFingerprint: keyPair.fingerprint,
  };
}
