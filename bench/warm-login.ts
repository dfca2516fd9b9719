import {
  CreateImageCommand,
  DescribeFastLaunchImagesCommand,
  EnableFastLaunchCommand,
  waitUntilImageAvailable,
} from '@aws-sdk/client-ec2';
import { until } from '../tests/boot/support/wait.ts';
import { type GuestPlatform, startGuestPlatform } from './guest-platform.ts';
import { closeAccess, openAccess, ourLogin } from './login.ts';
import { median, type Row, seconds, verdict } from './row.ts';

const goalRatio = 0.4;
const limitMs = 600_000;
const loginsOfEach = 3;

/** An image of a guest of the platform's: its owner is who measures. */
async function ownImage({ client }: GuestPlatform, InstanceId: string): Promise<string> {
  const request = new CreateImageCommand({ InstanceId, Name: 'warm', NoReboot: true });
  const { ImageId = '' } = await client.send(request);
  const patience = { client, maxWaitTime: 300, minDelay: 1, maxDelay: 1 };
  await waitUntilImageAvailable(patience, { ImageIds: [ImageId] });
  return ImageId;
}

/** Returns how long the template took. */
async function enable({ client, imageId: ImageId }: GuestPlatform): Promise<number> {
  const begun = performance.now();
  await client.send(new EnableFastLaunchCommand({ ImageId }));
  const isEnabled = async () => {
    const { FastLaunchImages: [image] = [] } = await client.send(
      new DescribeFastLaunchImagesCommand({ ImageIds: [ImageId] }),
    );
    if (image?.State === 'enabling-failed') throw new Error(image.StateTransitionReason);
    return image?.State === 'enabled';
  };
  await until('the template', isEnabled, { limitMs, everyMs: 250 });
  return performance.now() - begun;
}

async function loginTimes(
  platform: GuestPlatform,
  access: Awaited<ReturnType<typeof openAccess>>,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let count = 0; count < loginsOfEach; count += 1) {
    const { ms, instanceId } = await ourLogin(platform, access);
    times.push(ms);
    await platform.terminate(instanceId);
  }
  return times;
}

/** d) The same launch from its disk, and from a template. */
export async function warmLogins(): Promise<readonly Row[]> {
  await using platform = await startGuestPlatform();
  const access = await openAccess(platform);
  const first = await ourLogin(platform, access);
  const own = { ...platform, imageId: await ownImage(platform, first.instanceId) };
  await platform.terminate(first.instanceId);
  const cold = await loginTimes(own, access);
  const madeMs = await enable(own);
  const warm = await loginTimes(own, access);
  await closeAccess(platform, access);
  const ratio = median(warm) / median(cold);
  const all = (values: readonly number[]) => values.map((ms) => (ms / 1000).toFixed(1)).join(', ');
  return [
    {
      what: 'd) RunInstances to ssh login from a template / from the disk',
      measured: `${ratio.toFixed(3)} (${seconds(median(warm))} / ${seconds(median(cold))})`,
      against: `≤ ${goalRatio}`,
      verdict: verdict(ratio <= goalRatio),
      note: `medians of ${loginsOfEach} (template ${all(warm)}; disk ${all(cold)} s)`,
    },
    {
      what: 'd) making a template',
      measured: seconds(madeMs),
      against: '',
      verdict: 'no goal',
      note: 'a boot up to the wait for the card, its memory and its disk',
    },
  ];
}
