import { createHash, hash } from 'node:crypto';
import { memoryBlockBytes } from './memory-sources.ts';

/** Content that is no text gets a word of its own. */
const binaryPrefix = 'sha256:';

/** Words as blocks of bytes: a word is the first bytes of its block, and the rest are zeros. */
export class WordBytes {
  readonly #binary = new Map<string, Uint8Array>();

  bytes(word: string): Uint8Array {
    const binary = this.#binary.get(word);
    if (binary !== undefined) return binary;
    const block = Buffer.alloc(memoryBlockBytes);
    block.write(word);
    return block;
  }

  /** Undefined for a block of zeros. */
  word(bytes: Uint8Array): string | undefined {
    const block = Buffer.from(bytes);
    const end = block.findLastIndex((byte) => byte !== 0) + 1;
    if (end === 0) return undefined;
    const text = block.toString('utf8', 0, Math.min(end, 256));
    if (end <= 256 && /^[ -~]+$/.test(text)) return text;
    const word = binaryPrefix + hash('sha256', block);
    this.#binary.set(word, block);
    return word;
  }

  /** The SHA-256 of the word's block, in hex digits; undefined is zeros. */
  checksum(word: string | undefined): string {
    if (word?.startsWith(binaryPrefix)) return word.slice(binaryPrefix.length);
    return hash('sha256', word === undefined ? Buffer.alloc(memoryBlockBytes) : this.bytes(word));
  }
}

/** SHA-256 over checksums, in their order: the EBS direct APIs' linear aggregate. */
export function linearChecksum(checksums: readonly string[]): string {
  const sum = createHash('sha256');
  for (const checksum of checksums) sum.update(Buffer.from(checksum, 'hex'));
  return sum.digest('hex');
}
