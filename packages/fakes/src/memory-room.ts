import type { GuestRoom, GuestRoomMeter, RoomReporter } from '@bakehouse/domain';
import { guestDevice } from './simulated-machine.ts';

export interface MemoryRoomOptions {
  readonly totalBytes: number;
  readonly reservedBytes: number;
  /** What guests have written. */
  readonly usedByGuests: () => number;
}

/** `RoomReporter` and `GuestRoomMeter` of a file system on which only guests grow, and what a test puts there. */
export class MemoryRoom implements RoomReporter, GuestRoomMeter {
  /** What is there beside the guests' disks; a test may change it. */
  otherBytes = 0;
  readonly #options: MemoryRoomOptions;

  constructor(options: MemoryRoomOptions) {
    this.#options = options;
  }

  get freeBytes(): number {
    const { totalBytes, usedByGuests } = this.#options;
    return Math.max(0, totalBytes - this.otherBytes - usedByGuests());
  }

  async shortages(): Promise<readonly string[]> {
    return this.freeBytes < this.#options.reservedBytes ? ['the disk is full'] : [];
  }

  async look(): Promise<readonly GuestRoom[]> {
    const { reservedBytes } = this.#options;
    return [{ device: guestDevice, path: '/data', freeBytes: this.freeBytes, reservedBytes }];
  }
}
