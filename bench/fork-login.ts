import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { isResourceId } from '@bakehouse/base';
import { until } from '../tests/boot/support/wait.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { addressOf, closeAccess, firstLogin, openAccess, ourLogin } from './login.ts';
import { median, type Row, seconds, verdict } from './row.ts';

const goalPauseMs = 100;
const limitMs = 600_000;
const forksInAll = 5;

/** Until its boot has ended, an instance is refused. */
async function fork({ admin, client }: GuestPlatform, instanceId: string) {
  if (!isResourceId('i', instanceId)) throw new Error(`${instanceId} is an instance`);
  const tryIt = () => admin.call('InstanceFork', { instanceId });
  const isRunning = async () => {
    const request = new DescribeInstancesCommand({ InstanceIds: [instanceId] });
    return (
      (await client.send(request)).Reservations?.[0]?.Instances?.[0]?.State?.Name === 'running'
    );
  };
  await until('a running instance', isRunning, { limitMs });
  return await until('a fork', tryIt, { limitMs, everyMs: 1_000 });
}

/** d) How long an instance stands still that is forked, and when its fork can be used. */
export async function forkLogins(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  const access = await openAccess(platform);
  const parent = await ourLogin(platform, access);
  await fork(platform, parent.instanceId).then(({ forks: [id = ''] }) => platform.terminate(id));
  const pauses: number[] = [];
  const logins: number[] = [];
  for (let count = 0; count < forksInAll; count += 1) {
    const begun = performance.now();
    const { pauseMs, forks } = await fork(platform, parent.instanceId);
    pauses.push(pauseMs);
    const [id = ''] = forks;
    await firstLogin({ address: await addressOf(platform, id), keyPath: access.keyPath });
    logins.push(performance.now() - begun);
    await platform.terminate(id);
  }
  await platform.terminate(parent.instanceId);
  await closeAccess(platform, access);
  const worst = Math.max(...pauses);
  return [
    {
      what: 'd) pause of an instance that is forked, the longest',
      measured: `${worst.toFixed(1)} ms`,
      against: `≤ ${goalPauseMs} ms`,
      verdict: verdict(worst <= goalPauseMs),
      note: `of ${forksInAll}: ${pauses.map((ms) => ms.toFixed(1)).join(', ')} ms`,
    },
    {
      what: 'd) InstanceFork to ssh login',
      measured: seconds(median(logins)),
      against: '',
      verdict: 'no goal',
      note: `median of ${forksInAll}: ${logins.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s; the launch before took ${seconds(parent.ms)}`,
    },
  ];
}
