/**
 * Learns which lanes work is about to use: for what goes on in the background without a lane, and has to give way.
 * Parked work holds its lanes too.
 */
export interface LaneWatcher {
  /** Resolves when the work may begin. Never rejects. */
  take(lanes: readonly string[]): Promise<void>;
  /** The work has ended. */
  free(lanes: readonly string[]): void;
}
