/** The parts of ASN.1's distinguished encoding rules (X.690) that certificates and CMS need. */
const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectId: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
};

function element(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** Seven bits per byte; all bytes but the last have the top bit set. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}

export const der = {
  sequence: (...parts: readonly Uint8Array[]) => element(tags.sequence, Buffer.concat(parts)),
  set: (...parts: readonly Uint8Array[]) => element(tags.set, Buffer.concat(parts)),
  /** A context-specific tag around a whole element. */
  explicit: (number: number, part: Uint8Array) => element(0xa0 | number, part),
  octets: (bytes: Uint8Array) => element(tags.octetString, bytes),
  bits: (bytes: Uint8Array) => element(tags.bitString, Buffer.concat([Buffer.alloc(1), bytes])),
  null: () => element(tags.null, Buffer.alloc(0)),
  text: (text: string) => element(tags.utf8String, Buffer.from(text)),
  /** A positive number, big-endian. */
  integer(bytes: Uint8Array): Buffer {
    const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
    return element(tags.integer, isNegative ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
  },
  /** For example `1.2.840.113549.1.7.2`. */
  objectId(dotted: string): Buffer {
    const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
    return element(tags.objectId, Buffer.from([40 * first + second, ...rest.flatMap(base128)]));
  },
  time(ms: number): Buffer {
    const digits = new Date(ms).toISOString().slice(0, 19).replace(/[-T:]/g, '');
    return element(tags.generalizedTime, Buffer.from(`${digits}Z`));
  },
};

/** The elements inside an element, each with its header. Throws RangeError when the input is cut off. */
export function derParts(bytes: Uint8Array): readonly Uint8Array[] {
  const outer = header(bytes, 0);
  const parts: Uint8Array[] = [];
  for (let at = outer.start; at < outer.end; ) {
    const { end } = header(bytes, at);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

function header(bytes: Uint8Array, at: number): { start: number; end: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.readUInt8(at + 1);
  const size = first < 0x80 ? 0 : first & 0x7f;
  const length = size === 0 ? first : view.readUIntBE(at + 2, size);
  const start = at + 2 + size;
  if (start + length > bytes.length) throw new RangeError(`element at ${at} is cut off`);
  return { start, end: start + length };
}
