import { type QmpClient, QmpClosedError, type QmpEvent } from '@bakehouse/qmp';
import { expect, test } from 'vitest';
import { EventWatch } from './event-watch.ts';
import { fakeMonitor } from './testing/fake-monitor.ts';

const never = { signal: new AbortController().signal };
const is = (name: string) => (event: QmpEvent) => event.event === name;

/** A watch, and what its machine does. */
function watched() {
  const closed = Promise.withResolvers<Error | undefined>();
  let listen: (event: QmpEvent) => void = () => {};
  const client: QmpClient = {
    ...fakeMonitor({}).client,
    closed: closed.promise,
    onEvent(listener) {
      listen = listener;
      return () => {
        listen = () => {};
      };
    },
  };
  const watch = new EventWatch(client);
  const happen = (event: string, timestampMs = 0) => listen({ event, data: {}, timestampMs });
  return { watch, happen, close: () => closed.resolve(undefined) };
}

test('an event is found before and after somebody waits for it', async () => {
  const { watch, happen } = watched();
  happen('STOP', 1);
  happen('STOP', 2);
  expect(await watch.until(is('STOP'), never)).toMatchObject({ timestampMs: 1 });
  expect(watch.last(is('STOP'))).toMatchObject({ timestampMs: 2 });
  const [first] = [await watch.until(is('STOP'), never)];
  expect(await watch.until(is('STOP'), { ...never, after: first })).toMatchObject({
    timestampMs: 2,
  });
  const waiting = watch.until(is('RESUME'), never);
  happen('OTHER');
  happen('RESUME', 3);
  expect(await waiting).toMatchObject({ timestampMs: 3 });
});

test('the wait ends with the machine, and when it is aborted', async () => {
  const { watch, happen, close } = watched();
  const aborting = new AbortController();
  const aborted = watch.until(is('RESUME'), aborting);
  aborting.abort(new Error('given up'));
  await expect(aborted).rejects.toThrow('given up');
  const ended = watch.until(is('RESUME'), never);
  close();
  await expect(ended).rejects.toBeInstanceOf(QmpClosedError);
  // What has happened before stays known.
  happen('RESUME');
  await watch.until(is('RESUME'), never);
  watch[Symbol.dispose]();
  happen('LATER');
  expect(watch.last(is('LATER'))).toBeUndefined();
});
