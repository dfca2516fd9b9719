import { hash } from 'node:crypto';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { blockSizeBytes } from '../format/block-size.ts';
import { fourLaneHash } from '../sha256/four-lane-hash.ts';
import { type CoderSlot, slotViews } from './coder-memory.ts';
import type { CheckTask, CoderTask, NameTask } from './coder-task.ts';
import { nameBlocks, namedTogetherMax } from './name-blocks.ts';
import { packBlock, unpackBlock } from './pack-block.ts';

/** What a coder thread starts with. */
export interface CoderThreadData {
  readonly memory: WebAssembly.Memory;
  /** Of `fourLaneModule`, where that hashes faster than OpenSSL. */
  readonly module: WebAssembly.Module | undefined;
  /** Where in the memory this thread's own scratch is. */
  readonly scratch: number;
}

/**
 * The entry of a coder thread: hashes, packs and checks blocks in shared memory. Replies in the order of the requests;
 * blocks to be named that wait at the same time are named together, which is faster.
 */
const { memory, module, scratch }: CoderThreadData = workerData;
const hashFour = module && fourLaneHash(module, memory, scratch);

parentPort?.on('message', (first: CoderTask) => {
  const tasks = [first];
  while (tasks.length > 0) {
    tasks.push(...waitingTasks());
    const names = takeNames(tasks);
    if (names.length > 0) nameAll(names);
    else for (const task of tasks.splice(0, 1)) reply(doOne(task));
  }
});

const reply = (result: number) => parentPort?.postMessage(result);

function waitingTasks(): CoderTask[] {
  const waiting: CoderTask[] = [];
  for (;;) {
    const received: { readonly message: CoderTask } | undefined =
      parentPort === null ? undefined : receiveMessageOnPort(parentPort);
    if (received === undefined) return waiting;
    waiting.push(received.message);
  }
}

/** Removes the tasks at the front that name blocks, as many as can be done together. */
function takeNames(tasks: CoderTask[]): NameTask[] {
  const names: NameTask[] = [];
  for (let [next] = tasks; next?.kind === 'name'; [next] = tasks) {
    if (names.length === namedTogetherMax) break;
    names.push(next);
    tasks.shift();
  }
  return names;
}

function nameAll(tasks: readonly NameTask[]): void {
  nameBlocks(tasks.map(slotOf), hashFour);
  for (const _task of tasks) reply(0);
}

function doOne(task: CoderTask): number {
  if (task.kind === 'check') return isWhole(slotOf(task), task) ? 1 : 0;
  return packSlot(slotOf(task));
}

function slotOf(task: { readonly slot: number }): CoderSlot {
  return slotViews(memory, task.slot);
}

function packSlot(slot: CoderSlot): number {
  const packed = packBlock(slot.raw);
  if (packed === undefined) return blockSizeBytes;
  slot.packed.set(packed);
  return packed.length;
}

function isWhole(slot: CoderSlot, task: CheckTask): boolean {
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
