/** Power: whether the host has room for what guests and snapshots write. */
export interface RoomReporter {
  /** For each file system that is too full to begin anything on it, which it is and how to mend it. */
  shortages(): Promise<readonly string[]>;
}
