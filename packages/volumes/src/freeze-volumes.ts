import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BlockServerUnreachableError,
  type FreezeVolume,
  type FrozenVolume,
  type InstanceId,
} from '@bakehouse/domain';
import { connectUnixSocket } from '@bakehouse/qmp';
import { isTrustworthy, readBlockGraph } from './block-graph.ts';
import { fleeceFileNode, fleeceNode, intactBitmap } from './block-names.ts';
import { diskChain } from './disk-chain.ts';
import { readDiskRecord } from './disk-record.ts';
import { addFleeceNodes, freezeAtRest, freezeLive, serveViews } from './frozen-view.ts';
import type { Monitor } from './monitor-pool.ts';
import { daemonFiles, startDaemon, withRunningDaemon } from './storage-daemon.ts';
import type { VolumeContext } from './volume-context.ts';
import { DiskMissingError, VolumeTimeoutError } from './volume-errors.ts';

/** Where a machine's own NBD server listens. */
export function instanceNbdSocket(context: VolumeContext, instanceId: InstanceId): string {
  return join(context.runtimeDirectory, `${instanceId}.nbd`);
}

export async function freezeVolumes(
  context: VolumeContext,
  volumes: readonly FreezeVolume[],
  instanceId?: InstanceId,
): Promise<readonly FrozenVolume[]> {
  const ids = volumes.map(({ volumeId }) => volumeId);
  return context.locks.run(ids, async () => {
    await assertExporterServes(context, volumes);
    if (instanceId !== undefined) return freezeRunning(context, volumes, instanceId);
    const views: FrozenVolume[] = [];
    for (const volume of volumes) views.push(...(await freezeResting(context, volume)));
    return views;
  });
}

async function freezeRunning(
  context: VolumeContext,
  volumes: readonly FreezeVolume[],
  instanceId: InstanceId,
): Promise<readonly FrozenVolume[]> {
  const monitorPath = context.instanceSockets(instanceId);
  const [first] = volumes;
  if (first === undefined) return [];
  if (monitorPath === undefined) {
    throw new DiskMissingError(first.volumeId, `in a machine: ${instanceId} does not run`);
  }
  const socketPath = instanceNbdSocket(context, instanceId);
  return context.monitors.use(monitorPath, async (monitor) => {
    const fresh = await freezeLive(context, monitor, volumes);
    return serveViews(context, monitor, { volumes, socketPath, fresh });
  });
}

async function freezeResting(
  context: VolumeContext,
  volume: FreezeVolume,
): Promise<readonly FrozenVolume[]> {
  const { volumeId } = volume;
  const socketPath = daemonFiles(context.runtimeDirectory, volumeId).nbd;
  const freeze = async (monitor: Monitor) => {
    const standsInFleece = await openEarlierFleece(context, monitor, volume);
    const begun = await freezeAtRest(context, monitor, volume);
    const fresh = begun && !standsInFleece;
    return serveViews(context, monitor, { volumes: [volume], socketPath, fresh });
  };
  const running = await withRunningDaemon(context, volumeId, freeze);
  if (running) return running.result;
  await startDaemon(context, volumeId, await diskChain(context, { volumeId }));
  const started = await withRunningDaemon(context, volumeId, freeze);
  if (!started) throw new VolumeTimeoutError(`the storage daemon of ${volumeId} ended at once`);
  return started.result;
}

/**
 * A machine that ended in an orderly way left its fleece: over the disk at rest it is still the view of the
 * freeze. After a kill it is not (QEMU had parts of it in memory): it is removed, and the disk as it is now
 * becomes the view. True when the fleece is open and is that view.
 */
async function openEarlierFleece(
  context: VolumeContext,
  monitor: Monitor,
  { volumeId, snapshotId }: FreezeVolume,
): Promise<boolean> {
  const path = context.paths.fleece(volumeId, snapshotId);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  const node = fleeceNode(snapshotId);
  if ((await readBlockGraph(monitor)).nodes.has(node)) return true;
  if (!isThere) return false;
  try {
    await addFleeceNodes(monitor, { volumeId, snapshotId, path, readOnly: true });
    const { nodes } = await readBlockGraph(monitor);
    const mark = nodes.get(node)?.bitmaps.find(({ name }) => name === intactBitmap);
    if (isTrustworthy(mark)) return true;
  } catch (cause) {
    context.logger.log('warn', 'unreadable fleece', { path, cause });
  }
  for (const name of [node, fleeceFileNode(snapshotId)]) {
    const { nodes } = await readBlockGraph(monitor);
    if (nodes.has(name)) await monitor.execute('blockdev-del', { 'node-name': name });
  }
  await rm(path, { force: true });
  context.logger.log('warn', 'the frozen view died with its machine; frozen anew', { snapshotId });
  return false;
}

/**
 * A freeze waits for the guest's requests in flight, and those may wait for the block server as long as an
 * hour. So it is refused while the server is away, instead of stopping the guest.
 */
async function assertExporterServes(
  context: VolumeContext,
  volumes: readonly FreezeVolume[],
): Promise<void> {
  for (const { volumeId } of volumes) {
    const { originMapId } = await readDiskRecord(context.paths, volumeId);
    if (originMapId === undefined) continue;
    const signal = AbortSignal.timeout(context.limits.settleTimeoutMs);
    const path = context.exporterSocketPath;
    const socket = await connectUnixSocket(path, signal).catch((cause: unknown) => {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new BlockServerUnreachableError(path, `does not serve disks (${problem})`, { cause });
    });
    socket.destroy();
    return;
  }
}
