/** How guests' instructions are run, and why so, in words for people. */
export interface Accelerator {
  readonly accel: 'kvm' | 'tcg';
  readonly reason: string;
}
