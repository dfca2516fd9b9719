import type { ParseArgsConfig } from 'node:util';
import type { Terminal } from './terminal/terminal.ts';

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>;

export interface Invocation {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | string[] | undefined>>;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** As typed after `bakehouse`: `images`, `account create`. */
  readonly name: string;
  /** What follows the name, for the usage line. */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** Paragraphs and examples for `--help`. */
  readonly help: string;
  readonly options?: OptionSpecs;
  /** One line for each option, by name. */
  readonly optionHelp?: Readonly<Record<string, string>>;
  /** Arguments are handed over unparsed: for commands that wrap another program. */
  readonly raw?: boolean;
  /** The words that its argument may be. */
  readonly choices?: readonly string[];
  /** What completes its arguments. */
  readonly completes?: 'images' | 'instances';
  /** Answers the exit code: 0 done, 1 failed, 2 misused. */
  run(invocation: Invocation): Promise<number>;
}

/** A mistake in the call: told without a stack, exit code 2. */
export class CommandUsageError extends Error {
  override readonly name = 'CommandUsageError';
}

/** A failure that is no bug: told without a stack, exit code 1. */
export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}
