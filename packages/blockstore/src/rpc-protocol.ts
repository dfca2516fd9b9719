import type {
  BlockMapId,
  BlockMapSummary,
  CaptureProgress,
  CaptureRequest,
  PruneResult,
  StoreUsage,
  VerifyResult,
} from '@bakehouse/domain';

/** What the block server says of itself. */
export interface BlockServerHello {
  readonly pid: number;
  /** Names its code: both ends of the calls are of one build. */
  readonly build: string;
}

/** The calls of the block server: `POST /NAME` with the request as JSON. */
export interface RpcCalls {
  readonly hello: { readonly request: object; readonly answer: BlockServerHello };
  readonly capture: { readonly request: CaptureRequest; readonly answer: BlockMapSummary };
  readonly find: {
    readonly request: { readonly mapId: BlockMapId };
    readonly answer: { readonly summary?: BlockMapSummary };
  };
  readonly usage: { readonly request: object; readonly answer: StoreUsage };
  readonly list: { readonly request: object; readonly answer: readonly BlockMapId[] };
  readonly prune: {
    readonly request: { readonly remove: readonly BlockMapId[] };
    readonly answer: PruneResult;
  };
  readonly verify: { readonly request: object; readonly answer: VerifyResult };
}

export type RpcName = keyof RpcCalls;

export const rpcNames = [
  'hello',
  'capture',
  'find',
  'usage',
  'list',
  'prune',
  'verify',
] as const satisfies readonly RpcName[];

/**
 * The answer is a stream of JSON lines: any number of progress, the last one alone being an answer or an
 * error. A line at least every `heartbeatMs` tells that the server lives.
 */
export type RpcLine<Answer = unknown> =
  | { readonly kind: 'progress'; readonly progress?: CaptureProgress }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'error'; readonly error: CarriedError };

export interface CarriedError {
  readonly name: string;
  readonly message: string;
  /** The error's own fields that JSON can carry. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export const heartbeatMs = 2_000;
/** Bounds memory: 100,000 map ids fit many times. */
export const requestBytesMax = 16 * 1024 * 1024;
export const answerBytesMax = 256 * 1024 * 1024;
