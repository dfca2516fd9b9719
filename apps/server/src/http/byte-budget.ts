/** Bytes of memory that many requests share. */
export interface ByteBudget {
  /** False when that many are not left. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function byteBudget(totalBytes: number): ByteBudget {
  let left = totalBytes;
  return {
    take(bytes) {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
    give(bytes) {
      left += bytes;
    },
  };
}
