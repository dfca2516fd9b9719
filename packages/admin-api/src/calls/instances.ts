import * as v from 'valibot';
import { countSchema, idSchema, listSchema, timestampSchema } from '../schema.ts';

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
});

export const instanceCalls = {
  /** What is known of an instance's last start, from the request to the end of its boot: docs/boot.md. */
  InstanceBoot: {
    input: v.strictObject({ instanceId }),
    result: v.object({
      instanceId,
      imageId: v.string(),
      instanceType: v.string(),
      /** Counts the instance's starts. */
      generation: countSchema,
      /** In the order of their times. */
      events: listSchema(bootEvent),
      /** Stages whose times are not known. */
      unknown: listSchema(v.object({ name: v.string(), why: v.string() })),
    }),
  },
};
