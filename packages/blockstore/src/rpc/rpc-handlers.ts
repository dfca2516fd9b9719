import type {
  BlockMapId,
  CaptureProgress,
  PrunableSnapshotStore,
  ReadReporter,
} from '@bakehouse/domain';
import { isMapId } from '../format/store-layout.ts';
import { idsPerPart, type RpcCalls, type RpcName, type RpcPart } from './rpc-protocol.ts';

export interface CallContext<Part = never> {
  readonly store: PrunableSnapshotStore;
  readonly reads: ReadReporter;
  readonly build: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CaptureProgress) => void;
  /** Sends a part of the answer; resolves when the next one may be sent. */
  readonly sendPart: (part: Part) => Promise<void>;
}

type Handlers = {
  readonly [Name in RpcName]: (
    context: CallContext<RpcPart<Name>>,
    request: RpcCalls[Name]['request'],
  ) => Promise<RpcCalls[Name]['answer']>;
};

const heldPerPart = 1000;

export const rpcHandlers: Handlers = {
  hello: async ({ build }) => ({ pid: process.pid, build }),
  async find({ store }, { mapId }) {
    const summary = await store.find(mapId);
    return summary === undefined ? {} : { summary };
  },
  async list({ store, sendPart }) {
    for (const part of partsOf(await store.list(), idsPerPart)) await sendPart(part);
    return {};
  },
  listBlocks: ({ store }, { mapId, page }) => store.listBlocks(mapId, page),
  diffBlocks: ({ store }, { maps, page }) => store.diffBlocks(maps, page),
  capture: ({ store, signal, onProgress }, request) =>
    store.capture(request, { signal, onProgress }),
  async begin({ store }, request) {
    await store.begin(request);
    return {};
  },
  seal: ({ store }, { mapId, expected }) => store.seal(mapId, expected),
  async usage({ store, sendPart }) {
    const { maps, held, ...sums } = await store.usage();
    for (const part of partsOf(maps, idsPerPart)) await sendPart({ maps: part, held: [] });
    for (const part of partsOf(held, heldPerPart)) await sendPart({ maps: [], held: part });
    return sums;
  },
  prune: ({ store }, { remove }) => store.prune(new Set<BlockMapId>(remove.filter(isMapId))),
  verify: ({ store, onProgress }) => store.verify(onProgress),
  volumeReads: async ({ reads }, { volumeIds }) => ({ volumes: await reads.ofVolumes(volumeIds) }),
  mapReads: async ({ reads }) => ({ maps: await reads.ofMaps() }),
};

function* partsOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
