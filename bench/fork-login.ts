import { isResourceId } from '@bakehouse/base';
import { consoleOf } from '../tests/boot/support/identity.ts';
import { until } from '../tests/boot/support/wait.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { addressOf, closeAccess, firstLogin, openAccess, ourLogin } from './login.ts';
import { median, type Row, seconds, verdict } from './row.ts';

const goalPauseMs = 100;
const bootLimitMs = 600_000;
const forksInAll = 5;

interface ForkLogin {
  readonly pauseMs: number;
  readonly loginMs: number;
}

async function forkLogin(
  platform: GuestPlatform,
  keyPath: string,
  instanceId: string,
): Promise<ForkLogin> {
  if (!isResourceId('i', instanceId)) throw new Error(`${instanceId} is an instance`);
  const begun = performance.now();
  const { pauseMs, forks } = await platform.admin.call('InstanceFork', { instanceId });
  const [id = ''] = forks;
  try {
    await firstLogin({ address: await addressOf(platform, id), keyPath });
    return { pauseMs, loginMs: performance.now() - begun };
  } finally {
    await platform.terminate(id);
  }
}

/** Until its boot has ended, an instance is refused. */
async function booted({ client: ec2 }: GuestPlatform, instanceId: string): Promise<void> {
  const isBooted = async () => (await consoleOf({ ec2 }, { instanceId })).includes('can be forked');
  await until('the end of the boot', isBooted, { limitMs: bootLimitMs });
}

/** d) How long an instance stands still that is forked, and when its fork can be used. */
export async function forkLogins(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  const access = await openAccess(platform);
  const parent = await ourLogin(platform, access);
  await booted(platform, parent.instanceId);
  const logins: ForkLogin[] = [];
  const failures: string[] = [];
  // The first one warms up, and counts when it fails.
  for (let count = 0; count <= forksInAll; count += 1) {
    try {
      const login = await forkLogin(platform, access.keyPath, parent.instanceId);
      if (count > 0) logins.push(login);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  await platform.terminate(parent.instanceId);
  await closeAccess(platform, access);
  return rows(logins, failures, parent.ms);
}

function rows(logins: readonly ForkLogin[], failures: readonly string[], launchMs: number): Row[] {
  const pauses = logins.map(({ pauseMs }) => pauseMs);
  const loginTimes = logins.map(({ loginMs }) => loginMs);
  const worst = Math.max(...pauses);
  const hasAll = failures.length === 0;
  const failed = hasAll ? '' : `; ${failures.length} failed: ${failures.join('; ')}`;
  return [
    {
      what: 'd) pause of an instance that is forked, the longest',
      measured: pauses.length > 0 ? `${worst.toFixed(1)} ms` : 'none',
      against: `≤ ${goalPauseMs} ms, and no fork fails`,
      verdict: verdict(hasAll && worst <= goalPauseMs),
      note: `of ${pauses.length}: ${pauses.map((ms) => ms.toFixed(1)).join(', ')} ms${failed}`,
    },
    {
      what: 'd) InstanceFork to ssh login',
      measured: loginTimes.length > 0 ? seconds(median(loginTimes)) : 'none',
      against: '',
      verdict: 'no goal',
      note: `median of ${loginTimes.length}: ${loginTimes.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s; the launch before took ${seconds(launchMs)}`,
    },
  ];
}
