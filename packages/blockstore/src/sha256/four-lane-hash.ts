import { initialState, roundConstants } from './constants.ts';
import { scratchLayout, turnBytes } from './scratch-layout.ts';

/**
 * The SHA-256 of four messages: views of the memory, all of the same length, which is a multiple of 64. The same
 * message may be given more than once.
 */
export type FourLaneHash = (messages: FourMessages) => readonly Buffer[];
export type FourMessages = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/**
 * Hashes four messages in `memory` at a time. `module` is made of `fourLaneModule`; from `scratch` on there are
 * `scratchBytes` for this one alone.
 */
export function fourLaneHash(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  scratch: number,
): FourLaneHash {
  const { run } = new WebAssembly.Instance(module, { host: { memory } }).exports;
  const state = new Uint32Array(memory.buffer, scratch + scratchLayout.state, 8 * 4);
  const padding = Buffer.from(memory.buffer, scratch + scratchLayout.padding, turnBytes);
  new Uint32Array(memory.buffer, scratch + scratchLayout.constants, 64).set(roundConstants);
  return (messages) => {
    const lengthBytes = messages[0].length;
    const isReadable = (message: Uint8Array) =>
      message.length === lengthBytes && message.buffer === memory.buffer;
    if (lengthBytes === 0 || lengthBytes % turnBytes !== 0 || !messages.every(isReadable)) {
      throw new RangeError('the messages must be of one length in whole turns, in the memory');
    }
    const offsets = messages.map((message) => message.byteOffset);
    state.set(initialState.flatMap((word) => [word, word, word, word]));
    run(scratch, ...offsets, messages[0].byteOffset + lengthBytes);
    // FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits.
    padding.fill(0).writeUInt8(0x80);
    padding.writeBigUInt64BE(BigInt(lengthBytes) * 8n, turnBytes - 8);
    const start = scratch + scratchLayout.padding;
    run(scratch, start, start, start, start, start + turnBytes);
    return [0, 1, 2, 3].map((lane) => digest(state, lane));
  };
}

function digest(state: Uint32Array, lane: number): Buffer {
  const bytes = Buffer.alloc(32);
  for (let word = 0; word < 8; word += 1) {
    bytes.writeUInt32BE(state[4 * word + lane] ?? 0, 4 * word);
  }
  return bytes;
}
