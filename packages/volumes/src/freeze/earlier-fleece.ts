import type { FreezeVolume } from '@bakehouse/domain';
import { exists } from '@bakehouse/host';
import { removeFleece } from '../disks/machine-door.ts';
import { isTrustworthy, readBlockGraph } from '../qemu/block-graph.ts';
import { executeAll, type Monitor } from '../qemu/monitor-pool.ts';
import type { VolumeContext } from '../volume-context.ts';
import { fleeceFileNode, fleeceNode, intactBitmap } from './block-names.ts';
import { planFleece } from './plan-freeze.ts';

/**
 * Opens the fleece that a machine has left, in the storage daemon of its disk. A machine that ended in an orderly
 * way stored all of it: over the disk at rest it is still the view of the freeze. After a kill it is not, as QEMU
 * had parts of it in memory: it is removed, and the disk as it is now becomes the view. Resolves to true when the
 * fleece is open and is that view.
 */
export async function openEarlierFleece(
  context: VolumeContext,
  monitor: Monitor,
  volume: FreezeVolume,
): Promise<boolean> {
  const { volumeId, snapshotId } = volume;
  const path = context.paths.fleece(volumeId, snapshotId);
  const node = fleeceNode(snapshotId);
  const isOpen = async (name: string) => (await readBlockGraph(monitor)).nodes.has(name);
  if (await isOpen(node)) return true;
  if (!(await exists(path))) return false;
  try {
    await executeAll(monitor, planFleece(volume, { path, readOnly: true }));
    const { nodes } = await readBlockGraph(monitor);
    const mark = nodes.get(node)?.bitmaps.find(({ name }) => name === intactBitmap);
    if (isTrustworthy(mark)) return true;
  } catch (error) {
    context.logger.log('warn', 'cannot read fleece', { path, error });
  }
  for (const name of [node, fleeceFileNode(snapshotId)]) {
    if (await isOpen(name)) await monitor.execute('blockdev-del', { 'node-name': name });
  }
  await removeFleece(context, path);
  context.logger.log('warn', 'frozen view lost with its machine, freezing again', { snapshotId });
  return false;
}
