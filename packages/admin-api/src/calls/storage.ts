import * as v from 'valibot';
import {
  bytesProgressSchema,
  countSchema,
  idSchema,
  listSchema,
  percentSchema,
  readCountsSchema,
} from '../schema.ts';

const filling = v.object({
  volumeId: idSchema('vol'),
  state: v.picklist(['initializing', 'completed']),
  progressPercent: percentSchema,
});

const usageRow = v.object({
  kind: v.picklist(['image', 'snapshot', 'volume', 'fast launch']),
  id: v.string(),
  name: v.exactOptional(v.string()),
  region: v.string(),
  ownerId: v.string(),
  sizeBytes: countSchema,
  /** A snapshot that CreateImage or a bake took for an image that no longer exists. */
  orphaned: v.exactOptional(v.boolean()),
  /** What deleting this alone, and pruning, frees. */
  uniqueBytes: countSchema,
  /** What it names in addition: other records hold it too. */
  sharedBytes: countSchema,
});

const overlay = v.object({
  volumeId: v.string(),
  localBytes: countSchema,
  /** `fetched`: what is read is fetched from the block store. `filling`: the rest is being copied. */
  content: v.picklist(['whole', 'fetched', 'filling']),
  progressPercent: v.exactOptional(percentSchema),
});

const hotMap = v.object({
  mapId: v.string(),
  /** `unchecked`: not checked since the host was started. `damaged`: differs from its map. Neither is given to disks. */
  state: v.picklist(['ready', 'unchecked', 'damaged']),
  localBytes: countSchema,
  /** Volumes that read it in place of the block store. */
  volumeIds: listSchema(v.string()),
});

const memory = v.object({
  /** The guest that is the template, or the fork that has not started from it yet. */
  instanceId: v.string(),
  localBytes: countSchema,
  /** The image whose launches go on from it. */
  templateOf: v.exactOptional(v.string()),
  /** The instance whose memory it is. Without this and `templateOf`, no record has it: a leftover. */
  forkOf: v.exactOptional(v.string()),
});

const mapReads = v.object({ mapId: v.string(), total: readCountsSchema });

export const storageCalls = {
  /** Fills a volume from the block store until it no longer needs it. It goes on without a caller. */
  Hydrate: {
    input: v.strictObject({
      volumeId: idSchema('vol'),
      /** False: return at once. */
      wait: v.exactOptional(v.boolean()),
    }),
    progress: filling,
    result: filling,
  },
  /** Removes all blocks that no record needs. */
  Prune: {
    input: v.strictObject({}),
    result: v.object({
      removedMaps: countSchema,
      removedChunks: countSchema,
      freedBytes: countSchema,
    }),
  },
  /** Bytes of every image, snapshot and volume, and of the store: docs/usage.md. */
  Usage: {
    input: v.strictObject({}),
    result: v.object({
      rows: listSchema(usageRow),
      overlays: listSchema(overlay),
      /** Local copies of whole maps: docs/hot-maps.md. Absent from servers of before. */
      hotMaps: v.exactOptional(listSchema(hotMap), []),
      /** Memory of guests that is kept on disk: docs/fast-launch.md, docs/forks.md. Absent from servers of before. */
      memories: v.exactOptional(listSchema(memory), []),
      /** What machines read of maps that are not hot, since the block server was started. */
      mapReads: v.exactOptional(listSchema(mapReads), []),
      store: v.object({
        liveBytes: countSchema,
        sharedOnceBytes: countSchema,
        unheldBytes: countSchema,
        reclaimableBytes: countSchema,
        overheadBytes: countSchema,
        onDiskBytes: countSchema,
      }),
    }),
  },
  /** Reads every chunk and map, and compares them with their names. */
  Verify: {
    input: v.strictObject({}),
    progress: bytesProgressSchema,
    result: v.object({
      checkedChunks: countSchema,
      checkedMaps: countSchema,
      problems: listSchema(
        v.object({
          /** For example `chunk`, `map` or `hot map`. */
          what: v.string(),
          name: v.string(),
          problem: v.string(),
          /** Maps of the block store. */
          usedBy: listSchema(v.string()),
          /** Images, snapshots and volumes. */
          touches: listSchema(v.string()),
        }),
      ),
    }),
  },
};
