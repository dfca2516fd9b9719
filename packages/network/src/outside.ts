import type { DoorPlan } from './edge/plan-doors.ts';
import type { HostForwarding } from './host-forwarding.ts';

/** What is between the platform's link and the rest of the world: the host itself, or a namespace in its place. */
export interface Outside extends HostForwarding {
  /** Makes the place where the link begins. Repeatable. */
  make(): Promise<void>;
  /** Whether that place is as `make` left it. */
  isWhole(): Promise<boolean>;
  /** The addresses that guests must not reach, beside those of the place itself. */
  closedAddresses(): Promise<readonly string[]>;
  /** Lets programs on the host reach these ports of guests, and no others. */
  open(plan: (firstPort: number) => DoorPlan): Promise<void>;
  /** Looks after what leads out; call it periodically. */
  watch(): Promise<void>;
  /** Removes the place. */
  remove(): Promise<void>;
}

/** Root's: the link begins on the host, whose own rules lead to guests. */
export function hostItself(
  forwarding: HostForwarding,
  { watch }: { readonly watch: () => Promise<void> },
): Outside {
  const nothing = async () => {};
  return {
    ...forwarding,
    make: nothing,
    isWhole: async () => true,
    closedAddresses: async () => [],
    open: nothing,
    watch,
    remove: nothing,
  };
}
