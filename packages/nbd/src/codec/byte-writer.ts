/** Builds one small message in wire order. For replies to reads see `ReplyBatch`. */
export class ByteWriter {
  readonly #parts: Buffer[] = [];

  uint16(value: number): this {
    const field = Buffer.allocUnsafe(2);
    field.writeUInt16BE(value);
    return this.bytes(field);
  }

  uint32(value: number): this {
    const field = Buffer.allocUnsafe(4);
    field.writeUInt32BE(value);
    return this.bytes(field);
  }

  uint64(value: number | bigint): this {
    const field = Buffer.allocUnsafe(8);
    field.writeBigUInt64BE(BigInt(value));
    return this.bytes(field);
  }

  string(text: string): this {
    return this.bytes(Buffer.from(text, 'utf8'));
  }

  /** The text after its 32-bit length. */
  sizedString(text: string): this {
    return this.uint32(Buffer.byteLength(text, 'utf8')).string(text);
  }

  bytes(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
