import {
  DescribeFastSnapshotRestoresCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DisableFastSnapshotRestoresCommand,
  EnableFastSnapshotRestoresCommand,
} from '@aws-sdk/client-ec2';
import { KiB, MiB } from '@bakehouse/base';
import { until } from '../tests/boot/support/wait.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { closeAccess, openAccess, ourLogin } from './login.ts';
import { type Row, seconds, verdict } from './row.ts';

/** The server asks the block server small questions meanwhile; a block is 512 KiB. */
const noBlockBytes = 64 * KiB;
const enableLimitMs = 600_000;

interface Pair {
  readonly SourceSnapshotIds: string[];
  readonly AvailabilityZones: string[];
}

async function pairOf({ client, imageId }: GuestPlatform, instanceId: string): Promise<Pair> {
  const { Images = [] } = await client.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
  const found = await client.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  const snapshotId = Images[0]?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? '';
  const zone = found.Reservations?.[0]?.Instances?.[0]?.Placement?.AvailabilityZone ?? '';
  return { SourceSnapshotIds: [snapshotId], AvailabilityZones: [zone] };
}

/** Enables fast restores; returns how long the file took, from `optimizing` to `enabled`. */
async function makeHot({ client }: GuestPlatform, pair: Pair): Promise<number> {
  await client.send(new EnableFastSnapshotRestoresCommand(pair));
  const request = new DescribeFastSnapshotRestoresCommand({
    Filters: [{ Name: 'snapshot-id', Values: pair.SourceSnapshotIds }],
  });
  const ask = async () =>
    (await client.send(request)).FastSnapshotRestores?.find(({ State }) => State === 'enabled');
  const limits = { limitMs: enableLimitMs, everyMs: 500 };
  const { OptimizingTime, EnabledTime } = await until('fast restores', ask, limits);
  return Number(EnabledTime) - Number(OptimizingTime);
}

/** d) The same launch with the image's blocks fetched, and with a hot map. */
export async function hotLogins(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  const access = await openAccess(platform);
  const fetching = await ourLogin(platform, access);
  const pair = await pairOf(platform, fetching.instanceId);
  await platform.terminate(fetching.instanceId);
  const madeMs = await makeHot(platform, pair);
  const hot = await ourLogin(platform, access);
  await platform.terminate(hot.instanceId);
  await platform.client.send(new DisableFastSnapshotRestoresCommand(pair));
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
      note: 'from optimizing to enabled; half of it is rest',
    },
  ];
}
