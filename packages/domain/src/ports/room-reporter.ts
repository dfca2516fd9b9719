/** Capability: whether the host has room for what guests and snapshots write. */
export interface RoomReporter {
  /** One text for each file system that is too full to begin anything on it: which it is, and the way out. */
  shortages(): Promise<readonly string[]>;
}
