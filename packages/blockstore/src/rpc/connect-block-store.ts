import type {
  BlockMapId,
  HeldBytes,
  MapUsage,
  PrunableSnapshotStore,
  PruneResult,
  ReadReporter,
} from '@bakehouse/domain';
import {
  type BlockServerHello,
  prunedTogetherMax,
  type RpcCalls,
  type RpcName,
  type RpcPart,
} from './rpc-protocol.ts';
import { type RpcOptions, Transport, type TransportOptions } from './transport.ts';

export type ConnectOptions = TransportOptions;

export interface BlockStoreClient extends PrunableSnapshotStore {
  /** Who serves: throws BlockStoreUnreachableError when nobody does. */
  hello(signal?: AbortSignal): Promise<BlockServerHello>;
  readonly reads: ReadReporter;
}

/**
 * The store of a block server, by its Unix socket. Nothing is connected until a method is called, and each call
 * has a connection of its own, so a server that was started again is found again; connections for single blocks are
 * kept, and replaced when they turn out to be dead. Every method throws the store's errors, or
 * BlockStoreUnreachableError when the server cannot be reached or falls silent.
 */
export function connectBlockStore(options: ConnectOptions): BlockStoreClient {
  const transport = new Transport(options);
  const call = <Name extends RpcName>(
    name: Name,
    request: RpcCalls[Name]['request'],
    callOptions: RpcOptions<RpcPart<Name>> = {},
  ) => transport.call(name, request, callOptions);
  return {
    hello: (signal) => call('hello', {}, { signal }),
    find: async (mapId) => (await call('find', { mapId })).summary,
    async list() {
      const mapIds: BlockMapId[] = [];
      await call('list', {}, { onPart: (part) => mapIds.push(...part) });
      return mapIds;
    },
    readBlock: (mapId, blockIndex) => transport.readBlock({ mapId, blockIndex }),
    listBlocks: (mapId, page) => call('listBlocks', { mapId, page }),
    diffBlocks: (maps, page) => call('diffBlocks', { maps, page }),
    capture: (request, callOptions) => call('capture', request, callOptions),
    async begin(request) {
      await call('begin', request);
    },
    writeBlock: (mapId, blockIndex, bytes) => transport.writeBlock({ mapId, blockIndex }, bytes),
    seal: (mapId, expected) => call('seal', { mapId, ...(expected && { expected }) }),
    async usage() {
      const maps: MapUsage[] = [];
      const held: HeldBytes[] = [];
      const onPart = (part: RpcPart<'usage'>) => {
        maps.push(...part.maps);
        held.push(...part.held);
      };
      const sums = await call('usage', {}, { onPart });
      return { maps, held, ...sums };
    },
    async prune(remove) {
      const ids = [...remove];
      let result = await call('prune', { remove: ids.slice(0, prunedTogetherMax) });
      for (let start = prunedTogetherMax; start < ids.length; start += prunedTogetherMax) {
        const part = ids.slice(start, start + prunedTogetherMax);
        result = sumOf(result, await call('prune', { remove: part }));
      }
      return result;
    },
    verify: (onProgress) => call('verify', {}, { onProgress }),
    reads: {
      ofVolumes: async (volumeIds) => (await call('volumeReads', { volumeIds })).volumes,
      ofMaps: async () => (await call('mapReads', {})).maps,
    },
  };
}

function sumOf(left: PruneResult, right: PruneResult): PruneResult {
  return {
    removedMaps: left.removedMaps + right.removedMaps,
    removedChunks: left.removedChunks + right.removedChunks,
    freedBytes: left.freedBytes + right.freedBytes,
  };
}
