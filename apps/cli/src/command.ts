import type { ParseArgsConfig } from 'node:util';
import type { Terminal } from './terminal/terminal.ts';

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>;

export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | string[] | undefined>>;
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C, and by SIGTERM. */
  readonly signal: AbortSignal;
}

/** What each exit code means. `others` are those of the program that the command runs. */
export type ExitCodes = Readonly<Record<string, string>>;

/** Of every command that has no table of its own. */
export const usualExitCodes: ExitCodes = { 0: 'done', 1: 'failed', 2: 'misused' };

export interface Command {
  /** As typed after `bakehouse`: `images`, `account create`. */
  readonly name: string;
  /** What follows the name, for the usage line. */
  readonly usage: string;
  /** More are refused, so that no command does something else than what was meant. `Infinity` where it takes any number. */
  readonly argumentsMax: number;
  /** One line. */
  readonly summary: string;
  /** Paragraphs and examples for `--help`. */
  readonly help: string;
  readonly options?: OptionSpecs;
  /** What `--json` does, where it does more than print the result as JSON. */
  readonly jsonHelp?: string;
  /** One line for each option, by name. */
  readonly optionHelp?: Readonly<Record<string, string>>;
  /** Arguments are handed over unparsed and uncounted: for commands that wrap another program. */
  readonly raw?: boolean;
  /** The words that its argument may be. */
  readonly choices?: readonly string[];
  /** What completes its arguments. */
  readonly completes?: 'images' | 'instances';
  /** The whole table, in place of `usualExitCodes`. */
  readonly exitCodes?: ExitCodes;
  /** Returns the exit code. */
  run(invocation: Invocation): Promise<number>;
}

/** A mistake in the call: printed without a stack, exit code 2. */
export class CommandUsageError extends Error {
  override readonly name = 'CommandUsageError';
}

/** A failure that is no bug: printed without a stack, exit code 1. */
export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}
