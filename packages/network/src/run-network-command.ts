import { secondMs } from '@bakehouse/base';
import { runCommand } from '@bakehouse/host';

/** Runs a program without a shell and returns its standard output. `input` goes to its standard input. */
export type RunNetworkCommand = (argv: readonly string[], input?: string) => Promise<string>;

const timeoutMs = 10 * secondMs;

/** Rejects with the host's CommandError, after 10 s at the latest. */
export const runNetworkCommand: RunNetworkCommand = (argv, input) =>
  runCommand(argv, { timeoutMs, ...(input === undefined ? {} : { input }) });
