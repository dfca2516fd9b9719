import type { Clock } from '@bakehouse/base';
import { type ForkedMachine, MemoryNotKeptError, type VolumeId } from '@bakehouse/domain';
import {
  isJsonObject,
  type JsonObject,
  type QemuBlockdevs,
  type QmpClient,
  QmpError,
} from '@bakehouse/qmp';
import { MachineUnresponsiveError } from './compute-errors.ts';
import type { EventWatch } from './event-watch.ts';
import { listBlockNodes } from './list-block-nodes.ts';

type CopiedDisk = ForkedMachine['disks'][number];

const pollMs = 20;

const jobPrefix = 'fork-';
const jobOf = (copyId: VolumeId): string => `${jobPrefix}${copyId}`;

/** QEMU does not wait until this node's bytes are on disk, neither in a flush nor when the guest goes on. */
const withoutFlush = (node: JsonObject): JsonObject => ({
  ...node,
  cache: { 'no-flush': true },
  ...(node.driver === 'file' ? { 'drop-cache': false } : {}),
});

/**
 * Begins to copy a running guest's disk: what it has written so far, and what it writes from now on. The copy is of no
 * worth before it is whole, and its flushes would hold the guest up at the end.
 */
export async function beginMirror(
  client: QmpClient,
  { volumeId, copyId }: CopiedDisk,
  chain: QemuBlockdevs,
): Promise<void> {
  for (const node of chain) {
    await client.execute('blockdev-add', withoutFlush(node));
  }
  await client.execute('blockdev-mirror', {
    'job-id': jobOf(copyId),
    device: volumeId,
    target: copyId,
    sync: 'top',
    'copy-mode': 'write-blocking',
    'on-source-error': 'report',
    'on-target-error': 'report',
  });
}

/** Resolves when each copy has all that its disk has, and gets what the guest writes at once. */
export async function mirrorsReady(
  client: QmpClient,
  disks: readonly CopiedDisk[],
  {
    watch,
    clock,
    signal,
  }: { readonly watch: EventWatch; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    const jobs = await listJobs(client);
    const found = disks.map(({ copyId }) => ({ copyId, job: jobs.get(jobOf(copyId)) }));
    for (const { copyId, job } of found) if (!job) throw notCopied(copyId, watch);
    if (found.every(({ job }) => job?.ready === true)) return;
    await clock.sleep(pollMs, signal);
  }
}

/** The copies stay as they are now. The guest is stopped. Nothing is done when that is given up already. */
export async function fixMirrors(
  client: QmpClient,
  disks: readonly CopiedDisk[],
  { watch, signal }: { readonly watch: EventWatch; readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  await Promise.all(
    disks.map(({ copyId }) => client.execute('block-job-cancel', { device: jobOf(copyId) })),
  );
  for (const { copyId } of disks) {
    const { data } = await watch.until(isEndOf(copyId), { signal });
    if (data.error !== undefined) throw notCopied(copyId, watch);
  }
}

/**
 * Ends what is left of copies, of these and of every one that still has a job, and closes them. Rejects with
 * MachineUnresponsiveError when QEMU does not end them in time.
 */
export async function endMirrors(
  client: QmpClient,
  copyIds: readonly VolumeId[],
  { clock, deadline }: { readonly clock: Clock; readonly deadline: number },
): Promise<void> {
  const copies = new Set<string>(copyIds);
  for (;;) {
    const left = [...(await listJobs(client)).keys()].filter((id) => id.startsWith(jobPrefix));
    for (const device of left) {
      copies.add(device.slice(jobPrefix.length));
      await tolerated(client.execute('block-job-cancel', { device, force: true }));
    }
    if (left.length === 0) break;
    if (clock.elapsed() >= deadline) {
      throw new MachineUnresponsiveError(`QEMU does not end ${left.join(', ')}`);
    }
    await clock.sleep(pollMs);
  }
  const isOfCopy = (name: string) => copies.has(name) || copies.has(name.slice(0, -2));
  const nodes = (await listBlockNodes(client)).map(({ name }) => name).filter(isOfCopy);
  // A disk's own node, which uses the others, has the shortest name.
  for (const name of nodes.toSorted((a, b) => a.length - b.length)) {
    await client.execute('blockdev-del', { 'node-name': name });
  }
}

const isEndOf =
  (copyId: VolumeId) =>
  ({ event, data }: { readonly event: string; readonly data: JsonObject }): boolean =>
    (event === 'BLOCK_JOB_COMPLETED' || event === 'BLOCK_JOB_CANCELLED') &&
    data.device === jobOf(copyId);

function notCopied(copyId: VolumeId, watch: EventWatch): MemoryNotKeptError {
  const why = watch.last(isEndOf(copyId))?.data.error ?? 'QEMU does not say why';
  return new MemoryNotKeptError(`a disk could not be copied: ${why}`);
}

async function listJobs(client: QmpClient): Promise<ReadonlyMap<string, JsonObject>> {
  const jobs = await client.execute('query-block-jobs');
  const list = Array.isArray(jobs) ? jobs.filter(isJsonObject) : [];
  return new Map(list.map((job) => [`${job.device}`, job]));
}

/** A job that ends meanwhile refuses to be ended. */
async function tolerated(command: Promise<unknown>): Promise<void> {
  await command.catch((error: unknown) => {
    if (!(error instanceof QmpError)) throw error;
  });
}
