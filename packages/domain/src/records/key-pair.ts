import type { KeyPairId, Resource } from './common.ts';

export interface KeyPair extends Resource<KeyPairId> {
  readonly name: string;
  readonly keyType: 'rsa' | 'ed25519';
  /** In EC2's own form, which differs by how the pair was made. */
  readonly fingerprint: string;
  /** An OpenSSH line: type, base64, comment. The private half is never kept. */
  readonly publicKey: string;
}
