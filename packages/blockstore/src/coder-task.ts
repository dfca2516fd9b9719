/** What a coder thread is asked to do with a slot. */
export type CoderTask =
  | NameTask
  /** raw → packed. Answers the packed length; that of a block means that packing does not help. */
  | { readonly kind: 'pack'; readonly slot: number }
  | CheckTask;

/**
 * raw → id. Answers `allZeros` (and makes no id), else 0; with `packToo`, what `pack` would: for blocks that
 * are probably new, which saves a way to and fro.
 */
export interface NameTask {
  readonly kind: 'name';
  readonly slot: number;
  readonly packToo: boolean;
}

/** packed → raw, compared with id. Answers 1 when they agree, else 0 (raw is then not to be used). */
export interface CheckTask {
  readonly kind: 'check';
  readonly slot: number;
  readonly packedLength: number;
  readonly compressed: boolean;
}

export const allZeros = -1;
