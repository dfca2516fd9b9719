import { chown, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { runJailed } from '@bakehouse/host';
import { isJsonObject } from '@bakehouse/qmp';
import { intactBitmap, snapshotOfBitmap } from '../freeze/block-names.ts';
import type { VolumeContext } from '../volume-context.ts';
import type { DirtyBitmap } from './block-graph.ts';
import { endToolGroup, enterToolGroup, toolThreadsMax } from './tool-group.ts';

/**
 * qemu-img on qcow2 files that no machine has open, jailed with the file and nothing else: a QEMU that a guest has
 * taken over may have written anything into it.
 */
export interface QemuImg {
  resize(path: string, sizeBytes: number): Promise<void>;
  /** The bitmaps of this package that are stored in the file. Rejects when a machine has the file open. */
  bitmaps(path: string): Promise<readonly DirtyBitmap[]>;
  /** Rejects when a machine has the file open: QEMU's image lock. */
  removeBitmap(path: string, name: string): Promise<void>;
}

export function qemuImg(context: Pick<VolumeContext, 'limits' | 'users' | 'groups'>): QemuImg {
  const { toolTimeoutMs: timeoutMs } = context.limits;
  const run = async (path: string, ...args: string[]) => {
    const user = await userOf(path, context);
    const jail = {
      user,
      folders: [{ path, writable: true }],
      devices: [],
      network: 'none',
      workingFolder: '/',
      threadsMax: toolThreadsMax,
    } as const;
    const place = { user, volumeId: basename(dirname(path)), kind: 'image' } as const;
    const enter = await enterToolGroup(context, place);
    try {
      return await runJailed(jail, ['qemu-img', ...args], { timeoutMs, enter });
    } finally {
      await endToolGroup(context, place);
    }
  };
  return {
    async resize(path, sizeBytes) {
      await run(path, 'resize', '-q', '-f', 'qcow2', path, String(sizeBytes));
    },
    bitmaps: async (path) =>
      parseStoredBitmaps(await run(path, 'info', '-f', 'qcow2', '--output=json', path)),
    async removeBitmap(path, name) {
      await run(path, 'bitmap', '--remove', '-f', 'qcow2', path, name);
    },
  };
}

/** The file's own user: it may belong to a machine that runs after all. Of root's file, the user of its folder. */
async function userOf(path: string, { users }: Pick<VolumeContext, 'users'>): Promise<number> {
  const { uid } = await stat(path);
  if (users.has(uid)) return uid;
  const user = await users.of(dirname(path));
  await chown(path, user, user);
  return user;
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
