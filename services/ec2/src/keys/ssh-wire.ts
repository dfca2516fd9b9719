/** The data types of the SSH protocol (RFC 4251, "Data Type Representations Used in the SSH Protocols"). */

/** `string`: a length and the bytes. */
export function sshString(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** `mpint` of a non-negative number given in big-endian bytes. */
export function sshMpint(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const number = first < 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(first));
  const isHigh = (number[0] ?? 0) >= 0x80;
  return sshString(isHigh ? Buffer.concat([Buffer.alloc(1), number]) : number);
}

/** The strings that the bytes are made of, or undefined when they are not. */
export function readSshStrings(bytes: Uint8Array): readonly Buffer[] | undefined {
  const all = Buffer.from(bytes);
  const parts: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    if (at + 4 > all.length) return undefined;
    const end = at + 4 + all.readUInt32BE(at);
    if (end > all.length) return undefined;
    parts.push(all.subarray(at + 4, end));
    at = end;
  }
  return parts;
}
