export type SerialQueue = <Result>(task: () => Promise<Result>) => Promise<Result>;

/** Runs tasks one after the other, in the order of the calls; a failed task does not stop the next. */
export function serialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task);
    last = run.catch(() => {});
    return run;
  };
}
