import type { FakeWorld } from '@bakehouse/fakes';
import { expect, test } from 'vitest';
import { faultAtEachCall, type Scenario } from './fault-at-each-call.ts';
import { zone } from './scenes.ts';
import { forbiddenTransitions } from './watched-transitions.ts';

test('a change against the state tables is reported with the fault that led to it', async () => {
  const worlds: FakeWorld[] = [];
  const scenario: Scenario<void> = {
    async prepare(_, world) {
      worlds.push(world);
    },
    async act(run, _, world) {
      await run.call('CreateVolume', { AvailabilityZone: zone, Size: 1 });
      // The first world is the one without a fault.
      if (worlds.length > 1) forbiddenTransitions(world).add('available becomes creating');
    },
    verdict: async () => {},
  };
  await expect(faultAtEachCall(scenario)).rejects.toMatchObject({
    message: expect.stringMatching(/^fault '\w+' at call 1, /),
    cause: { message: expect.stringContaining('available becomes creating') },
  });
  // Otherwise the check after each test would report it again.
  for (const world of worlds) forbiddenTransitions(world).clear();
});
