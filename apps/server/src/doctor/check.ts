/** `warn`: works, but worse or not for everything. `fail`: the platform does not work until it is mended. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

/** One line of what `bakehouse doctor` found. */
export interface Check {
  readonly area: 'machine' | 'tools' | 'network' | 'data' | 'leftovers';
  readonly name: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** How to mend it, where there is something to mend. */
  readonly remedy?: string;
}

/** Something that no record names: what a crash can leave. */
export interface Leftover {
  readonly kind: string;
  readonly name: string;
  readonly problem: string;
  readonly remedy: string;
}
