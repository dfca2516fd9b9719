import type { TimestampMs } from './clock.ts';

/** `YYYYMMDDhhmmss`, for names. */
export function compactUtc(at: TimestampMs): string {
  return new Date(at).toISOString().slice(0, 19).replace(/\D/g, '');
}
