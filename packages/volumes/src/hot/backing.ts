import type { BlockMapId, DiskBacking, VolumeId } from '@bakehouse/domain';
import { type DiskRecord, readDiskRecord, writeDiskRecord } from '../disks/disk-record.ts';
import type { VolumeContext } from '../volume-context.ts';
import { canHandHotFiles } from './hand-hot-file.ts';
import { noteUse, usableHotFile } from './hot-state.ts';

export const backingOf = ({ originMapId, hot }: DiskRecord): DiskBacking =>
  originMapId === undefined ? 'none' : hot ? 'hot' : 'store';

/**
 * Chooses what a new disk has behind it, and lets `keep` record that. A drop of the hot map that begins meanwhile waits
 * until it is recorded.
 */
export async function choosingBacking(
  context: VolumeContext,
  originMapId: BlockMapId | undefined,
  keep: (record: DiskRecord) => Promise<void>,
): Promise<DiskRecord> {
  if (originMapId === undefined) {
    await keep({});
    return {};
  }
  const { hot } = context;
  return await hot.choices.run(originMapId, async () => {
    const hasFile = (await usableHotFile(hot, originMapId)) !== undefined;
    const isHot = hasFile && (await canHandHotFiles(context, originMapId));
    const record: DiskRecord = isHot ? { originMapId, hot: true } : { originMapId };
    await keep(record);
    if (isHot) await noteUse(hot, originMapId);
    return record;
  });
}

/**
 * Chooses again for a machine that is about to open the disk: what a map has as its blocks is the same either way. The
 * caller holds the volume's lock.
 */
export async function chooseForMachine(context: VolumeContext, volumeId: VolumeId): Promise<void> {
  const before = await readDiskRecord(context.paths, volumeId);
  if (before.originMapId === undefined) return;
  await choosingBacking(context, before.originMapId, async (record) => {
    if (record.hot === before.hot) return;
    await writeDiskRecord(context.paths, volumeId, record);
  });
}

/**
 * The hot file behind the disk. A file that is gone, or is no longer given to disks, is no matter: the block store has
 * the same blocks.
 */
export async function hotFileBehind(
  { hot }: VolumeContext,
  record: DiskRecord,
): Promise<string | undefined> {
  if (!record.hot || record.originMapId === undefined) return undefined;
  return await usableHotFile(hot, record.originMapId);
}
