import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { MiB, secondMs } from '@bakehouse/base';
import {
  CommandError,
  type CommandFailure,
  killProcessGroup,
  type PipedChild,
  privateUmask,
  programEnvironment,
  spawnPiped,
} from '@bakehouse/host';

const timeoutMs = 10 * secondMs;
const outputBytesMax = 16 * MiB;
/** What an error keeps of what the program wrote. */
const tailCharacters = 4_096;

interface Running {
  /** The end of what the program writes, on both streams. */
  readonly mark: string;
  readonly ended: PromiseWithResolvers<CommandFailure | undefined>;
  output: string;
  errors: string;
}

/** Starts the shell that a `CommandShell` writes to. Throws when it cannot be started. */
export type StartShell = () => PipedChild;

export const startShell: StartShell = () =>
  spawnPiped(['sh', '-s'], { env: programEnvironment(), umask: privateUmask });

/**
 * A small shell that runs one program after the other, as `runCommand` does, and ends with this process. To fork this
 * process, the kernel copies the page tables of all its memory, which takes longer than most programs of the network run.
 */
export class CommandShell {
  readonly #child: PipedChild | undefined;
  #running: Running | undefined;
  /** Why it could not be started. */
  #refusal = '';
  #hasEnded = false;

  /** Never throws: where the shell cannot be started, it is not usable. */
  constructor(start: StartShell = startShell) {
    try {
      this.#child = start();
      this.#listen(this.#child);
    } catch (error) {
      this.#hasEnded = true;
      this.#refusal = error instanceof Error ? error.message : '';
    }
  }

  /** False after it has ended or was ended: it runs nothing more. */
  get isUsable(): boolean {
    return !this.#hasEnded;
  }

  /** Runs a program, alone. Rejects with CommandError, after 10 s at the latest. */
  async run(argv: readonly string[], input?: string): Promise<string> {
    const mark = `end-${randomBytes(12).toString('hex')}`;
    const ended = Promise.withResolvers<CommandFailure | undefined>();
    const running = { mark, ended, output: '', errors: '' };
    this.#running = running;
    this.#keepsProcess(true);
    const timer = setTimeout(() => this.#kill({ kind: 'timeout', timeoutMs }), timeoutMs);
    if (this.#hasEnded) this.#end({ kind: 'not-started' });
    else this.#child?.stdin.write(script(argv, input, mark));
    const failure = await ended.promise;
    clearTimeout(timer);
    this.#running = undefined;
    this.#keepsProcess(false);
    if (failure === undefined) return running.output;
    const written = running.errors.trim() === '' ? running.output : running.errors;
    const output = failure.kind === 'not-started' ? this.#refusal : written;
    throw new CommandError({ argv }, { failure, output: output.slice(-tailCharacters) });
  }

  /** When nothing runs in it. */
  end(): void {
    this.#child?.stdin.end();
    this.#hasEnded = true;
  }

  #listen(child: PipedChild): void {
    const { stdin, stdout, stderr } = child;
    child.once('error', (error) => {
      this.#refusal = error.message;
      this.#end({ kind: 'not-started' });
    });
    child.once('close', (_, signal) => this.#end({ kind: 'killed', signal: signal ?? 'SIGKILL' }));
    // What ends the shell is seen by `close`.
    stdin.on('error', () => {});
    stdout.setEncoding('utf8').on('data', (part: string) => this.#hear('output', part));
    stderr.setEncoding('utf8').on('data', (part: string) => this.#hear('errors', part));
    this.#keepsProcess(false);
  }

  #hear(stream: 'output' | 'errors', part: string): void {
    const running = this.#running;
    if (running === undefined) return;
    if (stream === 'output') running.output += part;
    // The mark is at the end.
    else running.errors = (running.errors + part).slice(-2 * tailCharacters);
    if (running.output.length > outputBytesMax)
      this.#kill({ kind: 'too-much-output', bytesMax: outputBytesMax });
    const [output, errors] = [
      parted(running.output, running.mark),
      parted(running.errors, running.mark),
    ];
    if (output === undefined || errors === undefined) return;
    running.output = output.text;
    running.errors = errors.text;
    running.ended.resolve(failureOf(Number(output.status), errors.text));
  }

  #kill(failure: CommandFailure): void {
    this.#end(failure);
    if (this.#child?.pid !== undefined) killProcessGroup(this.#child.pid);
  }

  #end(failure: CommandFailure): void {
    this.#hasEnded = true;
    this.#running?.ended.resolve(failure);
  }

  /** An idle shell does not keep this process from ending. */
  #keepsProcess(does: boolean): void {
    if (this.#child === undefined) return;
    const parts = [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr];
    for (const part of parts as { ref(): void; unref(): void }[]) {
      if (does) part.ref();
      else part.unref();
    }
  }
}

/** The program with its input, and after it a mark on both streams, on standard output with the exit status. */
function script(argv: readonly string[], input: string | undefined, mark: string): string {
  const command = argv.map(quoted).join(' ');
  const whole = input === undefined || input === '' || input.endsWith('\n') ? input : `${input}\n`;
  const given = whole ? `<<'${mark}'\n${whole}${mark}\n` : '</dev/null\n';
  return `${command} ${given}printf '\\n${mark} %s\\n' $?\nprintf '\\n${mark} \\n' >&2\n`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What came before the mark, and what follows on its line; undefined while the mark has not come. */
function parted(text: string, mark: string) {
  const end = `\n${mark} `;
  // At the end, if at all: nothing is printed after it.
  const at = text.indexOf(end, Math.max(0, text.length - end.length - 8));
  if (at < 0 || !text.endsWith('\n')) return undefined;
  return { text: text.slice(0, at), status: text.slice(at + end.length) };
}

function failureOf(status: number, errors: string): CommandFailure | undefined {
  if (status === 0) return undefined;
  if (status === 127 && /^sh: .*not found\n?$/.test(errors)) return { kind: 'not-installed' };
  const signals = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  const signal = signals.find(([, number]) => status === 128 + number)?.[0];
  return signal ? { kind: 'killed', signal } : { kind: 'exited', code: status };
}
