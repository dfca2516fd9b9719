import { readRange, type StoreFiles } from '../files/store-files.ts';
import { type RecordVersion, recordHeaderBytes } from '../format/record-format.ts';
import { type SegmentKind, sealedName } from '../format/store-layout.ts';

/** A file of records, of which those at its end may still be written. See docs/formats/segments.md. */
export interface Segment {
  readonly number: number;
  readonly kind: SegmentKind;
  readonly version: RecordVersion;
  /** For messages: where the file is. */
  readonly path: string;
  /** Bytes of header and whole records. */
  readonly sizeBytes: number;
  /** What was found when the store opened that makes the file unfit for more records; prune copies the good ones away. */
  readonly flaw: string | undefined;
  /**
   * Fills `target` from `offset` on and returns how many bytes there were. Throws UnreadableBytesError, or
   * FileMissingError when the segment has moved: look the content up again.
   */
  readInto(offset: number, target: Uint8Array): Promise<number>;
}

/** Bytes at `offset`; fewer at the end of the segment. */
export function readSegment(
  segment: Segment,
  offset: number,
  lengthBytes: number,
): Promise<Buffer> {
  const files = {
    readInto: (_: string, at: number, target: Uint8Array) => segment.readInto(at, target),
  };
  return readRange(files, '', { offset, lengthBytes });
}

/** The bytes that a record of this segment takes. */
export function recordBytesIn(
  { version }: Pick<Segment, 'version'>,
  { storedLength }: { readonly storedLength: number },
): number {
  return recordHeaderBytes(version) + storedLength;
}

export interface SealedOptions {
  readonly files: StoreFiles;
  readonly number: number;
  readonly kind: SegmentKind;
  readonly version: RecordVersion;
  readonly sizeBytes: number;
  readonly flaw?: string | undefined;
}

/** A segment that takes no more records. */
export class SealedSegment implements Segment {
  readonly number: number;
  readonly kind: SegmentKind;
  readonly version: RecordVersion;
  readonly name: string;
  readonly files: StoreFiles;
  flaw: string | undefined;
  sizeBytes: number;

  constructor({ files, number, kind, version, sizeBytes, flaw }: SealedOptions) {
    this.files = files;
    this.number = number;
    this.kind = kind;
    this.version = version;
    this.sizeBytes = sizeBytes;
    this.flaw = flaw;
    this.name = sealedName(kind, number);
  }

  get path(): string {
    return this.name;
  }

  readInto(offset: number, target: Uint8Array): Promise<number> {
    return this.files.readInto(this.name, offset, target);
  }
}
