import { secondMs } from '@bakehouse/base';
import {
  apiError,
  type ImageId,
  type MetadataReader,
  type Snapshot,
  type WorkflowId,
} from '@bakehouse/domain';
import { forkAt, type OperationContext } from '@bakehouse/orchestration';
import { refuseUnserved } from '../request/refusals.ts';

/**
 * How long a reply waits for the instant of a snapshot to be fixed: work on the volume that is no capture, such as a
 * start or a detachment, has to end first. A little less than the 60 seconds that the SDKs wait for a reply.
 */
const freezeWaitMs = 55 * secondMs;
/** The part of it for a freeze ahead of the capture, which waits for nothing. When it fails, the capture freezes. */
const aheadWaitMs = 25 * secondMs;

export interface BegunCapture {
  readonly workflowId: WorkflowId;
  /** The freeze that is done ahead, while the capture waits for others. */
  readonly freezeId: WorkflowId | undefined;
  readonly snapshots: readonly Snapshot[];
  /** Deleted with its snapshots when they are too late. */
  readonly imageId?: ImageId;
}

const isToCome = (snapshot: Snapshot | undefined) =>
  snapshot?.state === 'pending' && snapshot.instant !== 'fixed';

async function stillToCome(reader: MetadataReader, { snapshots }: BegunCapture) {
  const now = [];
  for (const { id } of snapshots) now.push(await reader.get('snapshot', id));
  return now.filter((snapshot) => snapshot !== undefined).filter(isToCome);
}

/** Waits until the instant is fixed, or nobody is about to fix it, or it takes too long. */
async function waitForFreeze(
  { reached, read }: Pick<OperationContext, 'read' | 'reached'>,
  begun: BegunCapture,
): Promise<void> {
  const { workflowId, freezeId } = begun;
  if (!freezeId) return await reached(workflowId, 'freeze', freezeWaitMs);
  await reached(freezeId, 'freeze', aheadWaitMs);
  if ((await read((reader) => stillToCome(reader, begun))).length === 0) return;
  await reached(workflowId, 'freeze', freezeWaitMs - aheadWaitMs);
}

/**
 * Resolves when the snapshots' instant is fixed, or the attempt has failed, which their records show. Cancels the
 * capture and throws when that takes too long: the reply would promise the content of now, and the volume would be
 * read at some later moment.
 */
export async function instantFixed(
  context: Pick<OperationContext, 'read' | 'write' | 'reached'>,
  begun: BegunCapture,
): Promise<void> {
  await waitForFreeze(context, begun);
  if ((await context.read((reader) => stillToCome(reader, begun))).length === 0) return;
  const late = await context.write(async (tx) => {
    const toCome = await stillToCome(tx, begun);
    for (const snapshot of toCome) await tx.put('snapshot', { ...snapshot, instant: 'refused' });
    if (toCome.length > 0 && begun.imageId) await tx.delete('image', begun.imageId);
    return toCome;
  });
  const [first] = late;
  if (!first) return;
  const { volumeId } = first;
  const forked = await context.read((reader) => forkAt(reader, volumeId));
  const work = forked ? `the fork of ${forked}` : 'other work';
  throw apiError('IncorrectState', {
    message: `The volume '${volumeId}' was busy with ${work} for ${freezeWaitMs / secondMs} s, so that no snapshot of it was taken; try again when that work has ended`,
  });
}

/** The planned record with the instant that the freeze fixed, or the error that came instead. */
export async function begunSnapshot(
  context: Pick<OperationContext, 'read'>,
  planned: Snapshot,
): Promise<Snapshot> {
  const now = await context.read((reader) => reader.get('snapshot', planned.id));
  if (now?.state === 'error') return now;
  return { ...planned, startedAt: now?.startedAt ?? planned.startedAt };
}

/** Refuses any place but the region: there are no Outposts or Local Zones. */
export function checkSnapshotPlace(request: {
  readonly OutpostArn?: string | undefined;
  readonly Location?: string | undefined;
}): void {
  refuseUnserved(request, ['OutpostArn']);
  const { Location: location = 'regional' } = request;
  if (location === 'regional') return;
  throw apiError('InvalidParameterValue', {
    parameter: 'location',
    value: location,
    hint: "Snapshots are 'regional' here.",
  });
}
