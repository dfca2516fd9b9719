import * as v from 'valibot';
import {
  failureSchema,
  idSchema,
  listSchema,
  timestampSchema,
  workProgressSchema,
} from '../schema.ts';

const bakeId = idSchema('bake');

const bake = v.object({
  bakeId,
  recipe: v.string(),
  state: v.picklist(['in-progress', 'completed', 'failed', 'cancelled']),
  startedAt: timestampSchema,
  endedAt: v.exactOptional(timestampSchema),
  /** True while it is in progress and somebody has asked for its end. */
  isCancelling: v.boolean(),
  /** How far it is, as this server has last heard of it. */
  progress: v.exactOptional(workProgressSchema),
  /** The published image's name, and its ids; when `completed`. */
  name: v.exactOptional(v.string()),
  images: listSchema(v.object({ region: v.string(), imageId: v.string() })),
  /** When `failed`. */
  failure: v.exactOptional(failureSchema),
});

/** A bake goes on without a caller, over restarts of the server. Its progress is in the events (docs/events.md). */
export const bakeCalls = {
  /**
   * Begins to build a recipe's disk, to be published as a public image of the platform's account in every region. While
   * a bake of the recipe is in progress, that one is returned, so that asking again is harmless.
   */
  BakeStart: {
    input: v.strictObject({ recipe: v.exactOptional(v.string()) }),
    result: v.object({ ...bake.entries, isNew: v.boolean() }),
  },
  /** The bakes of the last days, the newest first, or the one that is named. */
  BakeList: {
    input: v.strictObject({ bakeId: v.exactOptional(bakeId) }),
    result: v.object({ bakes: listSchema(bake) }),
  },
  /** Asks for the end of a bake; it is `cancelled` soon afterwards. */
  BakeCancel: {
    input: v.strictObject({ bakeId }),
    result: bake,
  },
};
