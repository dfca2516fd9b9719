/** `warn`: works, but worse or not for everything. `fail`: does not work until it is fixed. */
export type CheckStatus = 'ok' | 'warn' | 'fail';

/** One line of what `bakehouse doctor` found. */
export interface Check {
  readonly area: 'machine' | 'rootless' | 'tools' | 'network' | 'data' | 'leftovers';
  readonly name: string;
  readonly status: CheckStatus;
  readonly detail: string;
  /** How to fix it, for people. Absent when there is nothing to fix. */
  readonly remedy?: string;
}
