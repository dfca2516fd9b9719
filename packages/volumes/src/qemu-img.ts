import { isJsonObject } from '@bakehouse/qmp';
import type { DirtyBitmap } from './block-graph.ts';
import { intactBitmap, snapshotOfBitmap } from './block-names.ts';
import { runTool } from './run-tool.ts';

/**
 * 64 KiB clusters: the bitmaps' granularity, and a divisor of the 512 KiB block. Refcounts are written at
 * once: with lazy ones each killed machine would cost a repair at the next start.
 */
const createOptions = 'cluster_size=65536,lazy_refcounts=off,compat=1.1';

/** qemu-img on qcow2 files that no machine has open. Our headers name no backing file, so none is opened. */
export interface QemuImg {
  create(path: string, sizeBytes: number): Promise<void>;
  resize(path: string, sizeBytes: number): Promise<void>;
  /** The bitmaps of this package that are stored in the file. */
  bitmaps(path: string): Promise<readonly DirtyBitmap[]>;
  /** Rejects when a machine has the file open: QEMU's image lock. */
  removeBitmap(path: string, name: string): Promise<void>;
}

export function qemuImg(timeoutMs: number): QemuImg {
  const run = (...args: string[]) => runTool('qemu-img', args, timeoutMs);
  return {
    async create(path, sizeBytes) {
      await run('create', '-q', '-f', 'qcow2', '-o', createOptions, path, String(sizeBytes));
    },
    async resize(path, sizeBytes) {
      await run('resize', '-q', '-f', 'qcow2', path, String(sizeBytes));
    },
    bitmaps: async (path) =>
      parseStoredBitmaps(await run('info', '-U', '-f', 'qcow2', '--output=json', path)),
    async removeBitmap(path, name) {
      await run('bitmap', '--remove', '-f', 'qcow2', path, name);
    },
  };
}

/** From `qemu-img info --output=json`. `in-use` means that the file was not closed in an orderly way. */
export function parseStoredBitmaps(json: string): readonly DirtyBitmap[] {
  const info: unknown = JSON.parse(json);
  const specific = isJsonObject(info) ? info['format-specific'] : undefined;
  const data = isJsonObject(specific) ? specific.data : undefined;
  const bitmaps = isJsonObject(data) ? data.bitmaps : undefined;
  if (!Array.isArray(bitmaps)) return [];
  return bitmaps.filter(isJsonObject).flatMap(({ name, flags }) => {
    if (typeof name !== 'string') return [];
    if (snapshotOfBitmap(name) === undefined && name !== intactBitmap) return [];
    const has = (flag: string) => Array.isArray(flags) && flags.includes(flag);
    return [{ name, recording: has('auto'), inconsistent: has('in-use') }];
  });
}
