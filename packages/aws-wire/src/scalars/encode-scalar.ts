import type { TimestampFormat } from '@bakehouse/aws-model';
import { invariant } from '@bakehouse/base';

export function encodeNumber(value: unknown): string {
  invariant(Number.isFinite(value), 'a number in a response is finite');
  return String(value);
}

export function encodeBlob(value: unknown): string {
  invariant(value instanceof Uint8Array, 'bytes in a response are a Uint8Array');
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

/** Date-times have milliseconds, HTTP's dates whole seconds, seconds since 1970 a fraction if any. */
export function encodeTimestamp(value: unknown, format: TimestampFormat): string {
  invariant(value instanceof Date, 'a time in a response is a Date');
  if (format === 'http-date') return value.toUTCString();
  if (format === 'epoch-seconds') return String(epochSeconds(value));
  const time = value.getTime();
  if (time !== latest.time) latest = { time, text: value.toISOString() };
  return latest.text;
}

export function epochSeconds(value: Date): number {
  const seconds = value.getTime() / 1000;
  invariant(Number.isFinite(seconds), 'a time in a response is valid');
  return seconds;
}

/** One response often repeats a time, and formatting one is slow. */
let latest = { time: 0, text: '1970-01-01T00:00:00.000Z' };
