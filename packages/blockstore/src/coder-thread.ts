import { hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '@bakehouse/base';
import { blockSizeBytes } from './block-size.ts';
import { allZeros, type CoderSlot, type CoderTask, slotViews } from './coder-task.ts';
import { packBlock, unpackBlock } from './pack-block.ts';

/** The entry of a coder thread: hashes, packs and checks blocks in shared memory, one at a time. */
const zeros = Buffer.alloc(blockSizeBytes);
const memories: SharedArrayBuffer[] = workerData;
const slots = memories.map((memory, number) => slotViews(memory, number));

function run(task: CoderTask, slot: CoderSlot): number {
  if (task.kind === 'name') return nameBlock(slot, task.packToo);
  if (task.kind === 'pack') return packSlot(slot);
  return isWhole(slot, task) ? 1 : 0;
}

function nameBlock(slot: CoderSlot, packToo: boolean): number {
  if (slot.raw.equals(zeros)) return allZeros;
  slot.chunkId.set(hash('sha256', slot.raw, 'buffer'));
  return packToo ? packSlot(slot) : 0;
}

function packSlot(slot: CoderSlot): number {
  const packed = packBlock(slot.raw);
  if (packed === undefined) return blockSizeBytes;
  slot.packed.set(packed);
  return packed.length;
}

function isWhole(slot: CoderSlot, task: CoderTask & { kind: 'check' }): boolean {
  try {
    const stored = slot.packed.subarray(0, task.packedLength);
    const raw = task.compressed ? unpackBlock(stored) : stored;
    if (raw.length !== blockSizeBytes) return false;
    if (!hash('sha256', raw, 'buffer').equals(slot.chunkId)) return false;
    slot.raw.set(raw);
    return true;
  } catch {
    return false;
  }
}

parentPort?.on('message', (task: CoderTask) => {
  const slot = slots[task.slot];
  invariant(slot !== undefined, 'a task names one of the slots');
  parentPort?.postMessage(run(task, slot));
});
