import { setImmediate as nextTurn } from 'node:timers/promises';
import { ManualClock, simulatedDrivers } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { machinesWhenFound, Startup, startParts } from './startup.ts';

const longMs = 60_000;

test('the current part is the first that is not ready', () => {
  const startup = new Startup(new ManualClock());
  const seen = startParts.map((part) => {
    const { current } = startup;
    startup.done(part);
    return current;
  });
  expect(seen).toEqual(startParts);
  expect(startup.current).toBeUndefined();
});

test('what needs a part waits until it is ready', async () => {
  const startup = new Startup(new ManualClock());
  let isReady = false;
  const waiting = startup.need('host').then(() => {
    isReady = true;
  });
  startup.done('machines');
  // By then all has run that needs no clock.
  await nextTurn();
  expect(isReady).toBe(false);
  startup.done('host');
  await waiting;
  await startup.need('host');
});

test('a part that takes too long is a retryable error that names it', async () => {
  const clock = new ManualClock();
  const startup = new Startup(clock);
  startup.done('machines');
  const refused = expect(startup.need('work')).rejects.toMatchObject({
    code: 'Unavailable',
    status: 503,
    message: expect.stringContaining("'host'"),
  });
  await clock.advance(longMs);
  await refused;
});

test('machines are not looked at before they are found, but their consoles are', async () => {
  const clock = new ManualClock();
  const startup = new Startup(clock);
  const machines = machinesWhenFound(simulatedDrivers({ clock }).compute, startup);
  expect(await machines.readConsole('i-1')).toBeUndefined();
  const refused = expect(machines.capacityFor(1, 1)).rejects.toMatchObject({ code: 'Unavailable' });
  await clock.advance(longMs);
  await refused;
  startup.done('machines');
  expect(await machines.capacityFor(1, 1)).toEqual({ count: 1 });
  expect(await machines.list()).toEqual([]);
});
