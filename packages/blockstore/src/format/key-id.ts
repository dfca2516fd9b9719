/**
 * Names the data key under which a chunk or a map is encrypted: 32 hex digits; undefined is plaintext, which is
 * all that this version writes and reads. See docs/formats/segments.md, "Key ids".
 */
export type KeyId = string;

export const keyIdBytes = 16;

/** The key id at `offset`; zeros are plaintext. */
export function readKeyId(bytes: Buffer, offset: number): KeyId | undefined {
  const field = bytes.subarray(offset, offset + keyIdBytes);
  return field.every((byte) => byte === 0) ? undefined : field.toString('hex');
}

/** Into a buffer that has zeros there. */
export function writeKeyId(bytes: Buffer, offset: number, keyId: KeyId | undefined): void {
  if (keyId !== undefined) bytes.write(keyId, offset, keyIdBytes, 'hex');
}
