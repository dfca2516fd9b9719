import type { TimestampMs } from '@bakehouse/base';

/** `20260131T235959Z`, in UTC. */
export function amzDate(time: TimestampMs): string {
  return `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** The time that an `X-Amz-Date` (or, where allowed, HTTP's `Date`) names; undefined if none. */
export function parseAmzDate(text: string): TimestampMs | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}
