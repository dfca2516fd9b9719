/** How a process of this host reaches a disk that does not change while it is read. */
export type BlockSourceAddress =
  | {
      readonly kind: 'nbd';
      readonly socketPath: string;
      readonly exportName: string;
      /**
       * Which NBD metadata context says what changed: `qemu:dirty-bitmap:NAME`, `qemu:allocation-depth`
       * (see `changedDepthMax`), or `base:allocation` (data counts as changed).
       */
      readonly changedContext: string;
      /**
       * With `qemu:allocation-depth`: depths 1 to this one count as changed; 1 when absent. A frozen live
       * disk has its overlay at depth 2, below what was copied aside at depth 1.
       */
      readonly changedDepthMax?: number;
    }
  | {
      /** A raw disk image; its holes are zeros. */
      readonly kind: 'file';
      readonly path: string;
    };

type Members = Readonly<Record<string, unknown>>;

function textOf(reference: Members, name: string): string {
  const value = reference[name];
  if (typeof value === 'string') return value;
  throw new TypeError(`the disk ${JSON.stringify(reference)} has no ${name}`);
}

function depthMaxOf(reference: Members): { readonly changedDepthMax?: number } {
  const value = reference.changedDepthMax;
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) {
    return { changedDepthMax: value };
  }
  throw new TypeError(
    `the disk ${JSON.stringify(reference)} has a changedDepthMax that is no positive integer`,
  );
}

/** Reads a disk's reference that a driver of this host has made. Throws for anything else. */
export function blockSourceAddress(reference: Members): BlockSourceAddress {
  if (reference.kind === 'file') return { kind: 'file', path: textOf(reference, 'path') };
  if (reference.kind !== 'nbd') {
    throw new TypeError(`the disk ${JSON.stringify(reference)} is of no kind that is known here`);
  }
  return {
    kind: 'nbd',
    socketPath: textOf(reference, 'socketPath'),
    exportName: textOf(reference, 'exportName'),
    changedContext: textOf(reference, 'changedContext'),
    ...depthMaxOf(reference),
  };
}
