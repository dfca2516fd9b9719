import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { KiB, MiB } from '@bakehouse/base';
import { until } from '../tests/boot/support/wait.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { closeAccess, openAccess, ourLogin } from './login.ts';
import { type Row, seconds, verdict } from './row.ts';

/** The server asks the block server small questions meanwhile; a block is 512 KiB. */
const noBlockBytes = 64 * KiB;
const makeLimitMs = 600_000;
/** With the launch before, as many as make a map hot. */
const moreLaunches = 2;

/** Resolves when a name in the folder of hot maps begins so. */
async function appears({ dataDirectory }: GuestPlatform, prefix: string): Promise<number> {
  const folder = join(dataDirectory, 'hot-maps');
  const look = async () =>
    (await readdir(folder).catch(() => [])).some((name) => name.startsWith(prefix));
  await until(`${prefix}… in ${folder}`, look, { limitMs: makeLimitMs, everyMs: 50 });
  return performance.now();
}

/** Launches until the platform makes the image's map hot; returns how long the file took. */
async function makeHot(platform: GuestPlatform): Promise<number> {
  const { client, imageId: ImageId } = platform;
  const counts = { MinCount: moreLaunches, MaxCount: moreLaunches };
  const { Instances = [] } = await client.send(
    new RunInstancesCommand({ ImageId, InstanceType: 't3.micro', ...counts }),
  );
  const InstanceIds = Instances.map(({ InstanceId = '' }) => InstanceId);
  await client.send(new TerminateInstancesCommand({ InstanceIds }));
  const begun = await appears(platform, '.new-map-');
  return (await appears(platform, 'map-')) - begun;
}

/** d) The same launch with the image's blocks fetched, and with a hot map. */
export async function hotLogins(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  const access = await openAccess(platform);
  const fetching = await ourLogin(platform, access);
  await platform.terminate(fetching.instanceId);
  const madeMs = await makeHot(platform);
  const hot = await ourLogin(platform, access);
  await platform.terminate(hot.instanceId);
  await closeAccess(platform, access);
  return [
    {
      what: 'd) bytes of the block server before the login, with a hot map',
      measured: `${(hot.fetchedBytes / KiB).toFixed(1)} KiB (without: ${Math.round(fetching.fetchedBytes / MiB)} MiB)`,
      against: 'no block (512 KiB)',
      verdict: verdict(hot.fetchedBytes < noBlockBytes),
      note: 'all that the block server wrote, with replies to the server itself',
    },
    {
      what: 'd) RunInstances to ssh login with a hot map / without',
      measured: `${(hot.ms / fetching.ms).toFixed(3)} (${seconds(hot.ms)} / ${seconds(fetching.ms)})`,
      against: '',
      verdict: 'no goal',
      note: 'one of each; the one without also pays for what the host has not read yet',
    },
    {
      what: 'd) making the hot map of the image',
      measured: seconds(madeMs),
      against: '',
      verdict: 'no goal',
      note: 'half of it is rest, which leaves the disk and the block server to guests',
    },
  ];
}
