import type { TimestampMs } from '@bakehouse/base';

/**
 * Times in replies. EC2 writes all of them with a fraction of a second, but most of them (LaunchTime, AttachTime,
 * CreationDate …) are whole seconds and end in `.000Z`: clients parse exactly that form. Recorded replies have
 * milliseconds only in a snapshot's StartTime and CompletionTime, in DescribeVolumes' CreateTime and in a key pair's.
 */
export const wholeSecond = (at: TimestampMs): Date => new Date(Math.floor(at / 1000) * 1000);

/** A time that EC2 shows with its milliseconds. */
export const withMilliseconds = (at: TimestampMs): Date => new Date(at);

/** The same as text, for members that the model calls strings and for filters: `2026-11-22T02:26:00.000Z`. */
export const wholeSecondText = (at: TimestampMs): string => wholeSecond(at).toISOString();

/** LastLaunchedTime has no fraction at all: `2026-11-22T02:26:00Z`. */
export const secondText = (at: TimestampMs): string => wholeSecondText(at).replace('.000Z', 'Z');

export const millisecondsText = (at: TimestampMs): string => withMilliseconds(at).toISOString();
