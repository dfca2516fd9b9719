import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { withUmask } from './umask.ts';

export type PipedChild = ChildProcessByStdio<Writable, Readable, Readable>;

interface PipedOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number;
}

/**
 * Starts a program in a process group of its own, with a pipe for each stream. Throws when there is no memory to fork, or
 * no file descriptor for the pipes. Whatever else keeps it from starting is the event `error`.
 */
export function spawnPiped(
  [program = '', ...args]: readonly string[],
  { env, umask }: PipedOptions,
): PipedChild {
  const child = withUmask(umask, () =>
    spawn(program, args, { detached: true, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  // Without a descriptor Node returns a child that has no streams.
  if (isPiped(child)) return child;
  child.on('error', () => {});
  throw new Error('there is no free file descriptor for its pipes');
}

function isPiped(child: { readonly [Stream in 'stdin' | 'stdout' | 'stderr']?: unknown }): boolean {
  return [child.stdin, child.stdout, child.stderr].every(
    (stream) => stream !== undefined && stream !== null,
  );
}
