import * as v from 'valibot';
import { percentSchema, timestampSchema, workProgressSchema } from './schema.ts';

/** Where `GET` streams events: docs/events.md. */
export const eventsPath = '/_bakehouse/events';

/** A stream can be narrowed to so many ids, and to so many kinds. */
export const eventNamesMax = 100;

const recordEvent = v.object({
  type: v.literal('record'),
  at: timestampSchema,
  /** `put`: created or changed. */
  change: v.picklist(['put', 'deleted']),
  /** For example `instance` or `bake`. */
  kind: v.string(),
  id: v.string(),
  /** Absent for what belongs to no region; `*` for what belongs to all. */
  region: v.exactOptional(v.string()),
  /** After the change, where records of the kind have a state. */
  state: v.exactOptional(v.string()),
  /** Of a snapshot that is being taken, or a volume that is being filled. */
  progressPercent: v.exactOptional(percentSchema),
  /** Of an instance whose guest is paused: why, and the way out. */
  problem: v.exactOptional(v.string()),
});

const progressEvent = v.object({
  type: v.literal('progress'),
  at: timestampSchema,
  /** Of what, for example of a bake. */
  id: v.string(),
  ...workProgressSchema.entries,
});

export const platformEventSchema = v.variant('type', [recordEvent, progressEvent]);

export type RecordEvent = v.InferOutput<typeof recordEvent>;
type ProgressEvent = v.InferOutput<typeof progressEvent>;
/** What an event of progress says without its frame. */
export type WorkProgress = v.InferOutput<typeof workProgressSchema>;
/** A change of a record, or how far long work is. */
export type PlatformEvent = RecordEvent | ProgressEvent;
