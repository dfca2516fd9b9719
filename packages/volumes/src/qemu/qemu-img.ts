import { runCommand } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import { intactBitmap, snapshotOfBitmap } from '../freeze/block-names.ts';
import type { DirtyBitmap } from './block-graph.ts';

/** qemu-img on qcow2 files that no machine has open. Our headers name no backing file, so none is opened. */
export interface QemuImg {
  resize(path: string, sizeBytes: number): Promise<void>;
  /** The bitmaps of this package that are stored in the file. Rejects when a machine has the file open. */
  bitmaps(path: string): Promise<readonly DirtyBitmap[]>;
  /** Rejects when a machine has the file open: QEMU's image lock. */
  removeBitmap(path: string, name: string): Promise<void>;
}

export function qemuImg(timeoutMs: number): QemuImg {
  const run = (...args: string[]) => runCommand(['qemu-img', ...args], { timeoutMs });
  return {
    async resize(path, sizeBytes) {
      await run('resize', '-q', '-f', 'qcow2', path, String(sizeBytes));
    },
    bitmaps: async (path) =>
      parseStoredBitmaps(await run('info', '-f', 'qcow2', '--output=json', path)),
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
