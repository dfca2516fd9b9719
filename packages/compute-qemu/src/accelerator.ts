/** How guest instructions run: in hardware (`kvm`) or emulated (`tcg`). `reason` is for people. */
export interface Accelerator {
  readonly accel: 'kvm' | 'tcg';
  readonly reason: string;
}
