import { rm } from 'node:fs/promises';
import { type Clock, secondMs } from '@bakehouse/base';
import { endProcess } from './end-process.ts';
import type { HostProcess } from './processes.ts';
import { runCommand } from './run-command.ts';

/**
 * One thing to do on the host, as data. People read it by `describeAction`; a program performs it by
 * `performAction`, never by running that text.
 */
export type HostAction =
  | { readonly kind: 'run'; readonly argv: readonly string[] }
  /** Removes a file, or a folder with all that is in it. Missing: no-op. */
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'end'; readonly process: HostProcess; readonly what: string };

const timeoutMs = 10 * secondMs;

/** The action as a command for a shell. */
export function describeAction(action: HostAction): string {
  switch (action.kind) {
    case 'run':
      return action.argv.map(quote).join(' ');
    case 'remove':
      return `rm -r ${quote(action.path)}`;
    case 'end':
      return `kill ${action.process.pid}`;
  }
}

/** Performs the action. Rejects when it fails. */
export async function performAction(
  action: HostAction,
  { clock }: { readonly clock: Clock },
): Promise<void> {
  switch (action.kind) {
    case 'run':
      await runCommand(action.argv, { timeoutMs });
      return;
    case 'remove':
      return await rm(action.path, { recursive: true, force: true });
    case 'end':
      return await endProcess(action.process, { what: action.what, clock, graceMs: timeoutMs });
  }
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
