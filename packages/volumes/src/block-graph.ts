import { isJsonObject, type JsonObject } from '@bakehouse/qmp';
import type { Monitor } from './monitor-pool.ts';

export interface DirtyBitmap {
  readonly name: string;
  /** It records writes now. */
  readonly recording: boolean;
  /** QEMU was not closed in an orderly way while it recorded: what it says is not true. */
  readonly inconsistent: boolean;
}

export interface BlockNode {
  readonly sizeBytes: number;
  /** Reads of what it does not have go to another node. */
  readonly hasBacking: boolean;
  readonly bitmaps: readonly DirtyBitmap[];
}

/** How far a job is, in its own measure: bytes, for those of this package. */
export interface JobProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What a QEMU process has of nodes, jobs and exports, by name. */
export interface BlockGraph {
  readonly nodes: ReadonlyMap<string, BlockNode>;
  readonly jobs: ReadonlyMap<string, JobProgress>;
  readonly exports: ReadonlySet<string>;
}

export async function readBlockGraph(monitor: Monitor): Promise<BlockGraph> {
  const [nodes, jobs, exports] = await Promise.all([
    monitor.execute('query-named-block-nodes', { flat: true }),
    monitor.execute('query-jobs'),
    monitor.execute('query-block-exports'),
  ]);
  return parseBlockGraph({ nodes, jobs, exports });
}

export function parseBlockGraph(answers: {
  readonly nodes: unknown;
  readonly jobs: unknown;
  readonly exports: unknown;
}): BlockGraph {
  return {
    nodes: new Map(objects(answers.nodes).flatMap(namedNode)),
    jobs: new Map(objects(answers.jobs).flatMap(namedJob)),
    exports: new Set(objects(answers.exports).flatMap((entry) => text(entry.id))),
  };
}

/** Usable for telling what changed: it has seen every write since it was made. */
export function isTrustworthy(bitmap: DirtyBitmap | undefined): boolean {
  return bitmap?.recording === true && !bitmap.inconsistent;
}

function namedNode(node: JsonObject): [string, BlockNode][] {
  const name = node['node-name'];
  if (typeof name !== 'string') return [];
  const image = isJsonObject(node.image) ? node.image : {};
  const size = image['virtual-size'];
  const bitmaps = objects(node['dirty-bitmaps']).flatMap(namedBitmap);
  const sizeBytes = typeof size === 'number' ? size : 0;
  return [[name, { sizeBytes, hasBacking: node.backing_file !== undefined, bitmaps }]];
}

/** Block jobs keep nameless bitmaps of their own; they are none of ours. */
function namedBitmap(bitmap: JsonObject): DirtyBitmap[] {
  if (typeof bitmap.name !== 'string') return [];
  return [
    {
      name: bitmap.name,
      recording: bitmap.recording === true,
      inconsistent: bitmap.inconsistent === true,
    },
  ];
}

function namedJob(job: JsonObject): [string, JobProgress][] {
  const { id, 'current-progress': done, 'total-progress': total } = job;
  if (typeof id !== 'string') return [];
  const bytes = (value: unknown) => (typeof value === 'number' ? value : 0);
  return [[id, { doneBytes: bytes(done), totalBytes: bytes(total) }]];
}

function objects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function text(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}
