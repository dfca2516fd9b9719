import { commandType } from '../codec/constants.ts';
import { decodeChunkHeader } from '../codec/reply.ts';
import { encodeRequest, type NbdRequest, requestBytes } from '../codec/request.ts';
import type { ServerSession } from '../server/handshake-state.ts';
import { memoryDevice } from './memory-device.ts';

/** For tests: a peer that records what is written; with `hold`, writes do not finish until `release`. */
export function fakePeer() {
  const written: Uint8Array[] = [];
  const held: (() => void)[] = [];
  const state = { hold: false, paused: false, leaving: false, ended: false, errors: 0, writes: 0 };
  const failures: unknown[] = [];
  return {
    state,
    failures,
    fail(error: unknown) {
      failures.push(error);
    },
    output: () => Buffer.concat(written),
    release() {
      state.hold = false;
      for (const done of held.splice(0)) done();
    },
    write(buffers: readonly Uint8Array[], done: () => void) {
      state.writes += 1;
      // A copy: the buffers may change as soon as `done` was called.
      for (const buffer of buffers) written.push(Buffer.from(buffer));
      if (state.hold) held.push(done);
      else queueMicrotask(done);
    },
    pause() {
      state.paused = true;
    },
    resume() {
      state.paused = false;
    },
    leaving() {
      state.leaving = true;
    },
    end() {
      state.ended = true;
    },
    onDeviceError() {
      state.errors += 1;
    },
  };
}

/** Data, zeros and data. */
export const content = Buffer.alloc(300_000);
content.write('start');
content.fill(7, 70_000, 180_000);
content.fill(9, 299_000);

/** A handshake's result with a device that holds `content`. */
export function session(options: Partial<ServerSession> = {}): ServerSession {
  return { device: memoryDevice(content), structuredReplies: true, ...options };
}

/** One request as the client sends it. */
export function wire(request: Partial<NbdRequest>): Buffer {
  const bytes = Buffer.alloc(requestBytes);
  const whole = { flags: 0, type: commandType.read, cookie: 1n, offset: 0, lengthBytes: 0 };
  encodeRequest({ ...whole, ...request }, bytes);
  return bytes;
}

export interface Chunk {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  readonly payload: Buffer;
}

export function chunksOf(output: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < output.length; ) {
    const { lengthBytes, ...header } = decodeChunkHeader(output.subarray(at));
    chunks.push({ ...header, payload: output.subarray(at + 20, at + 20 + lengthBytes) });
    at += 20 + lengthBytes;
  }
  return chunks;
}

/** Lets the event loop turn, so that deferred work is done. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
