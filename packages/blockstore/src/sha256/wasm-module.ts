import { type Code, unsigned } from './wasm-code.ts';

const types = { i32: 0x7f, v128: 0x7b } as const;
const name = (text: string): Code => [text.length, ...Buffer.from(text, 'latin1')];
const sized = (content: Code): Code => [...unsigned(content.length), ...content];
const section = (id: number, content: Code): Code => [id, ...sized(content)];

/** A module of one function, exported as `run`, over a shared memory, imported as `host.memory`. */
export function wasmModule(run: {
  /** All are 32-bit numbers. */
  readonly parameterCount: number;
  /** Local variables behind the parameters. */
  readonly vectorCount: number;
  readonly body: Code;
}): Uint8Array {
  const parameters = new Array<number>(run.parameterCount).fill(types.i32);
  const locals = [1, ...unsigned(run.vectorCount), types.v128];
  // Shared, from 0 to 65536 pages: what is imported decides.
  const memory = [2, 3, ...unsigned(0), ...unsigned(65536)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, ...sized(parameters), 0]),
    ...section(2, [1, ...name('host'), ...name('memory'), ...memory]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('run'), 0, 0]),
    ...section(10, [1, ...sized([...locals, ...run.body, 0x0b])]),
  ]);
}
