import { createInterface } from 'node:readline';
import { KiB, MiB, secondMs } from '@bakehouse/base';
import { killProcessGroup } from './end-process.ts';
import { hasCode } from './files.ts';
import { programEnvironment } from './program-environment.ts';
import { installHint } from './programs.ts';
import { redact } from './redact.ts';
import { type PipedChild, spawnPiped } from './spawn-piped.ts';
import { privateUmask } from './umask.ts';

export interface CommandOptions {
  /** Written to standard input, which then ends. */
  readonly input?: string | Uint8Array;
  /** After this time the program and its children are killed. */
  readonly timeoutMs: number;
  /** An abort kills the program and its children. */
  readonly signal?: AbortSignal;
  /** For files that the program makes; only their owner may use them if not given. */
  readonly umask?: number;
  /**
   * The kernel kills the program, but not its children, when the process that started it ends for any reason. A program
   * that is not installed then fails with exit status 127.
   */
  readonly endsWithParent?: boolean;
  /** Added to the environment, which otherwise has a PATH and `LC_ALL` only. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard output beyond this many bytes is an error; 16 MiB if not given. */
  readonly outputBytesMax?: number;
  /** Each line of standard output and standard error, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Not shown in errors, wherever they occur: in the arguments or in what the program writes. */
  readonly secrets?: readonly string[];
}

/** How a command failed. */
export type CommandFailure =
  | { readonly kind: 'not-installed' }
  | { readonly kind: 'not-started' }
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  | { readonly kind: 'too-much-output'; readonly bytesMax: number };

/** A command that failed. The message names the command, how it ended, and the end of what it wrote. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly program: string;
  readonly failure: CommandFailure;
  /** The end of standard error, or of standard output when nothing was written there. */
  readonly output: string;

  constructor(
    command: { readonly argv: readonly string[]; readonly secrets?: readonly string[] | undefined },
    { failure, output }: { readonly failure: CommandFailure; readonly output: string },
    options?: ErrorOptions,
  ) {
    const [program = ''] = command.argv;
    const shown = redact(output.trim(), command.secrets);
    const line = redact(command.argv.join(' '), command.secrets);
    const text = failure.kind === 'not-installed' ? program : cut(line, commandCharactersMax);
    super(`${text} ${words(failure, program)}${shown === '' ? '' : `: ${shown}`}`, options);
    this.program = program;
    this.failure = failure;
    this.output = shown;
  }
}

/** Runs a program to its end and returns its standard output. Rejects with CommandError. */
export type RunCommand = (argv: readonly string[], options: CommandOptions) => Promise<string>;

const outputBytesMaxDefault = 16 * MiB;
/** What an error keeps of what the program wrote. */
const tailBytes = 4 * KiB;
const commandCharactersMax = 200;

const endWithParent = ['setpriv', '--pdeathsig', 'KILL', '--'];

/**
 * Runs a program of the host without a shell. It gets a process group of its own, so that its children end with it
 * when the time limit or an abort ends it, and a umask that keeps its files private. An abort rejects with the
 * signal's reason.
 */
export const runCommand: RunCommand = async (argv, options) => {
  const { signal, input = '', timeoutMs } = options;
  signal?.throwIfAborted();
  const fail = (failure: CommandFailure, output: string, cause?: unknown) =>
    new CommandError({ argv, secrets: options.secrets }, { failure, output }, { cause });
  const notRun = (error: unknown) => {
    if (hasCode(error, 'ENOENT')) return fail({ kind: 'not-installed' }, '', error);
    return fail({ kind: 'not-started' }, error instanceof Error ? error.message : '', error);
  };
  const child = start(argv, options, notRun);
  let ending: CommandFailure | undefined;
  const end = (failure: CommandFailure) => {
    ending ??= failure;
    killGroup(child);
  };
  const onAbort = () => killGroup(child);
  const timer = setTimeout(() => end({ kind: 'timeout', timeoutMs }), timeoutMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  const output = collect(child, options, end);
  // A program that ends before it has read everything says why by its exit status.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const exit = await ended(child);
    signal?.throwIfAborted();
    const failure = ending ?? exit;
    if (failure === undefined) return output.text();
    throw fail(failure, output.tail());
  } catch (error) {
    if (error instanceof CommandError || signal?.aborted) throw error;
    throw notRun(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
};

function start(
  argv: readonly string[],
  { environment, umask = privateUmask, endsWithParent = false }: CommandOptions,
  notRun: (error: unknown) => CommandError,
): PipedChild {
  const env = { ...programEnvironment(), ...environment };
  try {
    return spawnPiped(endsWithParent ? [...endWithParent, ...argv] : argv, { env, umask });
  } catch (error) {
    throw notRun(error);
  }
}

/** Undefined for exit status 0. Rejects when the program could not be started. */
function ended(child: PipedChild): Promise<CommandFailure | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal !== null) return resolve({ kind: 'killed', signal });
      resolve(code === 0 ? undefined : { kind: 'exited', code: code ?? -1 });
    });
  });
}

function collect(
  child: PipedChild,
  { onLine, outputBytesMax = outputBytesMaxDefault }: CommandOptions,
  end: (failure: CommandFailure) => void,
): { text(): string; tail(): string } {
  const parts: Buffer[] = [];
  let bytes = 0;
  let errors = Buffer.alloc(0);
  child.stdout.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > outputBytesMax) end({ kind: 'too-much-output', bytesMax: outputBytesMax });
    else parts.push(part);
  });
  child.stderr.on('data', (part: Buffer) => {
    errors = Buffer.concat([errors, part]).subarray(-tailBytes);
  });
  if (onLine !== undefined) {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', onLine);
    }
  }
  const text = () => Buffer.concat(parts).toString('utf8');
  return {
    text,
    tail: () => errors.toString('utf8').trim() || text().slice(-tailBytes).trim(),
  };
}

/** A child that was never started has no pid; one that has ended has no group any more. */
function killGroup({ pid }: PipedChild): void {
  if (pid !== undefined) killProcessGroup(pid);
}

function words(failure: CommandFailure, program: string): string {
  switch (failure.kind) {
    case 'not-installed':
      return `is not installed${installHint(program)}`;
    case 'not-started':
      return 'could not be started';
    case 'exited':
      return `failed with exit status ${failure.code}`;
    case 'killed':
      return `was ended by ${failure.signal}`;
    case 'timeout':
      return `did not end within ${failure.timeoutMs / secondMs} s and was killed`;
    case 'too-much-output':
      return `wrote more than ${failure.bytesMax} bytes and was killed`;
  }
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}…`;
}
