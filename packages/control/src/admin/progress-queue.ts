/** Turns callbacks into an async iterable: events as they come, then the work's result. */
export async function* withProgress<Event extends object, Result extends object>(
  work: (report: (event: Event) => void) => Promise<Result>,
): AsyncGenerator<Event | Result> {
  const events: Event[] = [];
  let wake = () => {};
  let outcome: { result: Result } | { error: unknown } | undefined;
  const report = (event: Event) => {
    events.push(event);
    wake();
  };
  void work(report)
    .then((result) => {
      outcome = { result };
    })
    .catch((error: unknown) => {
      outcome = { error };
    })
    .finally(() => wake());
  while (!outcome || events.length > 0) {
    const event = events.shift();
    if (event) {
      yield event;
      continue;
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (outcome || events.length > 0) resolve();
    });
  }
  if ('error' in outcome) throw outcome.error;
  yield outcome.result;
}
