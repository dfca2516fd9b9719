import { setImmediate } from 'node:timers/promises';

/**
 * Enough turns of the event loop for work that waits only for fakes to come to rest: each write to a metadata store takes
 * one or two. Work with more steps than that goes on at the next call.
 */
const turns = 24;

const outside = new Set<Promise<unknown>>();

/** Makes `settle` wait for a promise that something outside of this process fulfils. Returns the promise. */
export function waitOutside<Result>(promise: Promise<Result>): Promise<Result> {
  const done = promise.then(
    () => {},
    () => {},
  );
  outside.add(done);
  void done.then(() => outside.delete(done));
  return promise;
}

export async function settle(): Promise<void> {
  for (;;) {
    for (let turn = 0; turn < turns; turn += 1) await setImmediate();
    if (outside.size === 0) return;
    await Promise.all(outside);
  }
}
