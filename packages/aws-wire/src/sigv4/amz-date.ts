import type { TimestampMs } from '@bakehouse/base';

/** `20260131T235959Z`, in UTC. */
export function amzDate(time: TimestampMs): string {
  if (time !== latest.time) {
    const text = `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    latest = { time, text };
  }
  return latest.text;
}

/** A request's time is written out several times to verify it, and it is a second of its neighbours'. */
let latest = { time: 0, text: '19700101T000000Z' };

/** The time that an `X-Amz-Date` (or, where allowed, HTTP's `Date`) names; undefined if none. */
export function parseAmzDate(text: string): TimestampMs | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}
