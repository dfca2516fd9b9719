import * as v from 'valibot';
import { countSchema, idSchema, listSchema, readCountsSchema, timestampSchema } from '../schema.ts';

const instanceId = idSchema('i');

const bootEvent = v.object({
  name: v.string(),
  at: timestampSchema,
  /**
   * `server`: the server's own clock. `console`: the server saw the guest's line arrive. `guest`: the guest wrote how
   * long its kernel had run.
   */
  source: v.picklist(['server', 'console', 'guest']),
  /** The moment may be this much earlier. */
  precisionMs: v.exactOptional(countSchema),
  /** Since the event before. Absent where nothing is known of reads. */
  reads: v.exactOptional(readCountsSchema),
});

const startedDisk = v.object({
  volumeId: v.string(),
  /** `store`: blocks are read through the block server. `hot`: of a local file. `none`: the volume has its blocks itself. */
  backing: v.picklist(['none', 'store', 'hot']),
  mapId: v.exactOptional(v.string()),
  reads: v.exactOptional(readCountsSchema),
});

/** Each takes the memory of a machine while it is made. */
const forksMax = 8;

export const instanceCalls = {
  /**
   * Makes instances that go on where a running one is: docs/forks.md. Resolves at their instant; they start without a
   * caller.
   */
  InstanceFork: {
    input: v.strictObject({
      instanceId,
      /** 1 when absent. */
      count: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(forksMax))),
    }),
    result: v.object({
      instanceId,
      /** When memory and disks were fixed. */
      at: timestampSchema,
      /** How long the instance was paused. */
      pauseMs: v.pipe(v.number(), v.minValue(0)),
      /** The new instances. */
      forks: listSchema(instanceId),
      /** Those that were ended first, as by their owner. */
      failed: listSchema(v.object({ instanceId, reason: v.string() })),
    }),
  },
  /** What is known of an instance's last start, from the request to the end of its boot: docs/boot.md. */
  InstanceBoot: {
    input: v.strictObject({ instanceId }),
    result: v.object({
      instanceId,
      imageId: v.string(),
      instanceType: v.string(),
      /** Counts the instance's starts. */
      generation: countSchema,
      /** The instance that it went on from, in its first start. */
      forkedFrom: v.exactOptional(v.object({ instanceId, pauseMs: v.exactOptional(v.number()) })),
      /** Why it booted, where it was to go on from a template. */
      bootedBecause: v.optional(v.string()),
      /** In the order of their times. */
      events: listSchema(bootEvent),
      /** Stages whose times are not known. */
      unknown: listSchema(v.object({ name: v.string(), why: v.string() })),
      /** The volumes that the machine was started with. Absent from servers of before. */
      disks: v.exactOptional(listSchema(startedDisk), []),
      /** What was read after the last event. */
      readsLater: v.exactOptional(readCountsSchema),
      /** What was read before a login was possible. */
      login: v.exactOptional(
        v.object({
          stage: v.string(),
          reads: readCountsSchema,
          /** Blocks of the volumes' maps: `reads.newBlocks` are some of them. */
          mapBlocks: v.exactOptional(countSchema),
        }),
      ),
    }),
  },
};
