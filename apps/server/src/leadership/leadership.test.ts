import { silentLogger, systemClock } from '@bakehouse/base';
import { expect, test } from 'vitest';
import { Leadership } from './leadership.ts';

interface Seen {
  readonly holder?: { readonly epoch: number; readonly address: string };
  readonly problem?: string;
}

function leadershipOf({ holder, problem }: Seen = {}) {
  const candidate = { holder, problem, elected: () => Promise.withResolvers<never>().promise };
  const platform = { candidate: () => candidate };
  return new Leadership({ platform, clock: systemClock, logger: silentLogger });
}

const never = new AbortController().signal;

test('a server is a standby as soon as it knows of another that is active', async () => {
  const leadership = leadershipOf({ holder: { epoch: 3, address: 'http://other:4599' } });
  const isStandby = leadership.isStandby(never);
  leadership.elected('http://own:4599', never);
  expect(await isStandby).toBe(true);
});

test('a server that is the first to be active is no standby, and looks for no other any more', async () => {
  const leadership = leadershipOf();
  const isStandby = leadership.isStandby(never);
  leadership.activate({ holder: 'own', epoch: 1, lost: never });
  expect(await isStandby).toBe(false);
});

test('the health of a standby names what keeps it from its database, that of an active server does not', () => {
  const leadership = leadershipOf({ problem: 'cannot stand by on postgres://db/one' });
  leadership.elected('http://own:4599', never);
  expect(leadership.status).toEqual({
    role: 'standby',
    problems: ['cannot stand by on postgres://db/one'],
  });
  leadership.activate({ holder: 'own', epoch: 1, lost: never });
  expect(leadership.status).toEqual({ role: 'active' });
});
