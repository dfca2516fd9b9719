/** Files made with this umask are for their owner alone. */
export const privateUmask = 0o077;

/**
 * Runs `work` with this umask. The umask belongs to the whole process, so `work` must be synchronous; a process
 * that it spawns keeps the umask.
 */
export function withUmask<Result>(mask: number, work: () => Result): Result {
  const before = process.umask(mask);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}
