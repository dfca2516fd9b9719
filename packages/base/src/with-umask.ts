/**
 * Does work that makes files or processes at once with this umask. It is the whole process's, so the work awaits
 * nothing; a process that is spawned keeps it.
 */
export function withUmask<Result>(mask: number, work: () => Result): Result {
  const before = process.umask(mask);
  try {
    return work();
  } finally {
    process.umask(before);
  }
}

/** Nothing for anybody but the owner. */
export const privateUmask = 0o077;
