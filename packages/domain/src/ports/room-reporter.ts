/** Capability: whether the host has room for what guests and snapshots write. */
export interface RoomReporter {
  /** One text for each file system that is too full to begin anything on it: which it is, and the way out. */
  shortages(): Promise<readonly string[]>;
}

/** A file system that guests' files grow on. */
export interface GuestRoom {
  /** As in `MachineFile`. */
  readonly device: number;
  /** A folder on it, for people. */
  readonly path: string;
  readonly freeBytes: number;
  /** Free bytes that are kept for the platform: below, no guest may grow. 0: none. */
  readonly reservedBytes: number;
}

/** Capability: how much room guests have. */
export interface GuestRoomMeter {
  /**
   * Each file system that guests' files are on, once; the first is that of their volumes. Cheap: it is asked several times
   * a second.
   */
  look(): Promise<readonly GuestRoom[]>;
}
