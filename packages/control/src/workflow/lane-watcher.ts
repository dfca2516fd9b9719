/** Hears which lanes work is about to use: for what goes on beside the lanes and has to give way. */
export interface LaneWatcher {
  /** Resolves when the work may begin. Never rejects. */
  take(lanes: readonly string[]): Promise<void>;
  /** The work has ended. */
  free(lanes: readonly string[]): void;
}
