import { dayMs, type TimestampMs } from '@bakehouse/base';
import type { Image } from '../records/image.ts';

type Launches = Pick<Image, 'lastLaunchedAt' | 'earlierLaunches'>;

/** EC2 reports a launch a day after it ("LastLaunchedTime"). */
const isReported = (at: TimestampMs, now: TimestampMs) => now - at >= dayMs;

const newestFirst = ({ lastLaunchedAt, earlierLaunches = [] }: Launches): readonly TimestampMs[] =>
  lastLaunchedAt === undefined ? [] : [lastLaunchedAt, ...earlierLaunches];

/**
 * The image after a launch. At most two earlier launches are kept, however many there are: the one that is reported, and
 * the first of those that are not yet, so that an image in constant use is reported as used within the last two days.
 */
export function withLaunch(image: Image, now: TimestampMs): Image {
  const launches = newestFirst(image);
  const reported = launches.find((at) => isReported(at, now));
  const nextReported = launches.findLast((at) => !isReported(at, now));
  const earlierLaunches = [nextReported, reported].filter((at) => at !== undefined);
  return { ...image, lastLaunchedAt: now, earlierLaunches };
}

/** The last launch that is reported by now; undefined when there is none. */
export const reportedLaunch = (image: Launches, now: TimestampMs): TimestampMs | undefined =>
  newestFirst(image).find((at) => isReported(at, now));
