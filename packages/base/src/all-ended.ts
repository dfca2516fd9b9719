/**
 * As `Promise.all`, but waits for all, also when one fails, so that nothing continues after the caller. Then rejects
 * with the first failure, in the order of the list.
 */
export async function allEnded<Work extends readonly unknown[] | []>(
  work: Work,
): Promise<{ -readonly [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
