import { isJsonObject, type JsonObject } from '@bakehouse/qmp';
import type { Monitor } from './monitor-pool.ts';

export interface DirtyBitmap {
  readonly name: string;
  /** True while it records writes. */
  readonly recording: boolean;
  /** QEMU did not close the image in an orderly way while it recorded: its content is wrong. */
  readonly inconsistent: boolean;
}

interface BlockNode {
  /** The path or address that the node was opened with; empty when QEMU gives none. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Reads of clusters that it lacks go to another node. */
  readonly hasBacking: boolean;
  readonly bitmaps: readonly DirtyBitmap[];
}

/** Progress of a job in its own unit: bytes, for the jobs of this package. */
interface JobProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** The nodes, jobs and exports of a QEMU process, by name. */
export interface BlockGraph {
  readonly nodes: ReadonlyMap<string, BlockNode>;
  readonly jobs: ReadonlyMap<string, JobProgress>;
  readonly exports: ReadonlySet<string>;
}

/** One round trip: the three queries are sent together. */
export async function readBlockGraph(monitor: Monitor): Promise<BlockGraph> {
  const [nodes, jobs, exports] = await Promise.all([
    monitor.execute('query-named-block-nodes', { flat: true }),
    monitor.execute('query-jobs'),
    monitor.execute('query-block-exports'),
  ]);
  return parseBlockGraph({ nodes, jobs, exports });
}

export function parseBlockGraph(results: {
  readonly nodes: unknown;
  readonly jobs: unknown;
  readonly exports: unknown;
}): BlockGraph {
  return {
    nodes: new Map(objects(results.nodes).flatMap(namedNode)),
    jobs: new Map(objects(results.jobs).flatMap(namedJob)),
    exports: new Set(objects(results.exports).flatMap((entry) => text(entry.id))),
  };
}

/** True when the bitmap has seen every write since it was made. */
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
  const [file = ''] = text(node.file);
  return [[name, { file, sizeBytes, hasBacking: node.backing_file !== undefined, bitmaps }]];
}

/** Bitmaps without a name belong to block jobs. */
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
