import { isResourceId, type ResourceId } from '@bakehouse/base';
import * as v from 'valibot';

export type MemberSchema = v.GenericSchema;

/** An id of a resource, such as `vol-0123456789abcdef0`. */
export const idSchema = <Prefix extends string>(prefix: Prefix) =>
  v.custom<ResourceId<Prefix>>(
    (value) => typeof value === 'string' && isResourceId(prefix, value),
    `must be ${prefix}- and 17 hexadecimal digits`,
  );

export const listSchema = <Item extends MemberSchema>(item: Item) =>
  v.pipe(v.array(item), v.readonly());

export const countSchema = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Milliseconds, with fractions. */
const durationSchema = v.pipe(v.number(), v.minValue(0));

/** What machines read through the block server: docs/boot.md. */
export const readCountsSchema = v.object({
  reads: countSchema,
  bytes: countSchema,
  /** Blocks with data that a volume had not read before. */
  newBlocks: countSchema,
  /** Of these, those that read-ahead had fetched or was fetching. */
  aheadBlocks: countSchema,
  /** Reads of blocks that were not in memory, and how long these waited. */
  waits: countSchema,
  waitedMs: durationSchema,
  longestMs: durationSchema,
});
export const percentSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
/** 0 to 1. */
const fractionSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Milliseconds since 1970. */
export const timestampSchema = v.pipe(v.number(), v.integer());

/** Why something failed: programs decide by the code, the message is for people. */
export const failureSchema = v.object({ code: v.string(), message: v.string() });

/** Work that reads so many bytes. */
export const bytesProgressSchema = v.object({ doneBytes: countSchema, totalBytes: countSchema });

/** How far work in stages is. */
export const workProgressSchema = v.object({
  stage: v.string(),
  /** 1-based, where the work has a known number of stages. */
  stageNumber: v.exactOptional(countSchema),
  stageCount: v.exactOptional(countSchema),
  /** Within the stage, where it is known. */
  fraction: v.exactOptional(fractionSchema),
  message: v.exactOptional(v.string()),
});
