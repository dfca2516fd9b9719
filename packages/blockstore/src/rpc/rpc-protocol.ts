import type {
  BlockDifferencePage,
  BlockMapId,
  BlockMapSummary,
  BlockPageRequest,
  CaptureProgress,
  CaptureRequest,
  DraftExpectation,
  DraftRequest,
  HeldBytes,
  MapBlockPage,
  MapReads,
  MapUsage,
  PruneResult,
  StoreUsage,
  VerifyResult,
  VolumeId,
  VolumeReads,
} from '@bakehouse/domain';
import { isMapId } from '../format/store-layout.ts';

/** What the block server reports of itself. */
export interface BlockServerHello {
  readonly pid: number;
  /** Names its code: both ends of the calls are of one build. */
  readonly build: string;
}

interface MapRequest {
  readonly mapId: BlockMapId;
}

/**
 * The calls of the block server: `POST /NAME` with the request as JSON. `part` is what the answer has in lines before
 * its last one, so that no line is long however much there is.
 */
export interface RpcCalls {
  readonly hello: { readonly request: object; readonly answer: BlockServerHello };
  readonly find: {
    readonly request: MapRequest;
    readonly answer: { readonly summary?: BlockMapSummary };
  };
  readonly list: {
    readonly request: object;
    readonly part: readonly BlockMapId[];
    readonly answer: object;
  };
  readonly listBlocks: {
    readonly request: MapRequest & { readonly page: BlockPageRequest };
    readonly answer: MapBlockPage;
  };
  readonly diffBlocks: {
    readonly request: {
      readonly maps: { readonly before: BlockMapId; readonly after: BlockMapId };
      readonly page: BlockPageRequest;
    };
    readonly answer: BlockDifferencePage;
  };
  readonly capture: { readonly request: CaptureRequest; readonly answer: BlockMapSummary };
  readonly begin: { readonly request: DraftRequest; readonly answer: object };
  readonly seal: {
    readonly request: MapRequest & { readonly expected?: DraftExpectation };
    readonly answer: BlockMapSummary;
  };
  readonly usage: {
    readonly request: object;
    readonly part: { readonly maps: readonly MapUsage[]; readonly held: readonly HeldBytes[] };
    readonly answer: Omit<StoreUsage, 'maps' | 'held'>;
  };
  readonly prune: {
    readonly request: { readonly remove: readonly BlockMapId[] };
    readonly answer: PruneResult;
  };
  readonly verify: { readonly request: object; readonly answer: VerifyResult };
  readonly volumeReads: {
    readonly request: { readonly volumeIds: readonly VolumeId[] };
    readonly answer: { readonly volumes: readonly VolumeReads[] };
  };
  readonly mapReads: {
    readonly request: object;
    readonly answer: { readonly maps: readonly MapReads[] };
  };
}

export type RpcName = keyof RpcCalls;
export type RpcPart<Name extends RpcName> = RpcCalls[Name] extends { readonly part: infer Part }
  ? Part
  : never;

export const rpcNames = [
  'hello',
  'find',
  'list',
  'listBlocks',
  'diffBlocks',
  'capture',
  'begin',
  'seal',
  'usage',
  'prune',
  'verify',
  'volumeReads',
  'mapReads',
] as const satisfies readonly RpcName[];

/**
 * The reply is a stream of JSON lines: any number of progress and parts, the last one alone being an answer or an
 * error. A line at least every `heartbeatMs` shows that the server lives.
 */
export type RpcLine<Answer = unknown, Part = unknown> =
  | { readonly kind: 'progress'; readonly progress?: CaptureProgress }
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'error'; readonly error: CarriedError };

export interface CarriedError {
  readonly name: string;
  readonly message: string;
  /** The error's own fields that JSON can carry. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Blocks travel as they are: `GET /blocks/MAP/INDEX` returns one (status 204: zeros), `PUT` writes one to a draft and
 * returns its checksum as JSON. An error is a JSON line like those above, with status 409.
 */
export interface BlockPath {
  readonly mapId: BlockMapId;
  readonly blockIndex: number;
}

export function formatBlockPath({ mapId, blockIndex }: BlockPath): string {
  return `/blocks/${mapId}/${blockIndex}`;
}

/** Accepts any word as index, NaN too: the store refuses a wrong one with its own error. */
export function parseBlockPath(path: string): BlockPath | undefined {
  const [, mapId = '', index = ''] = /^\/blocks\/([^/]+)\/([-+.\w]{1,32})$/.exec(path) ?? [];
  return isMapId(mapId) ? { mapId, blockIndex: Number(index) } : undefined;
}

export const heartbeatMs = 2_000;
/** Bounds memory: a request to prune names 100,000 maps at most. */
export const requestBytesMax = 16 * 1024 * 1024;
export const lineBytesMax = 64 * 1024 * 1024;
export const prunedTogetherMax = 100_000;
export const idsPerPart = 10_000;
