/** What a coder thread is asked to do with a slot. */
export type CoderTask = NameTask | PackTask | CheckTask;

/** raw → id. Returns 0. */
export interface NameTask {
  readonly kind: 'name';
  readonly slot: number;
}

/** raw → packed. Returns the packed length; that of a block means that packing does not help. */
interface PackTask {
  readonly kind: 'pack';
  readonly slot: number;
}

/** packed → raw, compared with id. Returns 1 when they agree, else 0 (raw must then not be used). */
export interface CheckTask {
  readonly kind: 'check';
  readonly slot: number;
  readonly packedLength: number;
  readonly compressed: boolean;
}
