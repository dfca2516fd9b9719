import { CommandFailedError } from '../command.ts';
import { durationText } from './duration.ts';
import { progressLine } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface StageProgress {
  /** 0 to 1, where it is known. */
  readonly fraction?: number;
  /** What is being done; where nobody looks, each is a line of its own. */
  readonly step?: string;
  /** What goes on within it. */
  readonly note?: string;
}

interface StageResult<Value> {
  readonly value: Value;
  /** One line beside the name when it is done. */
  readonly detail: string;
}

export type StageWork<Value> = (
  update: (progress: StageProgress) => void,
) => Promise<StageResult<Value>>;

const redrawMs = 500;

/** What every error text begins with: which step, after how long. */
function stageError(name: string, elapsed: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && '$fault' in cause ? `${cause.name}: ` : '';
  return new CommandFailedError(`the step '${name}' failed after ${elapsed}: ${code}${why}`, {
    cause,
  });
}

/**
 * A step of long work: its name with progress and elapsed time while it runs, one line when it is done. Its
 * failure says which step it was.
 */
export async function runStage<Value>(
  terminal: Terminal,
  name: string,
  work: StageWork<Value>,
): Promise<Value> {
  const started = performance.now();
  const elapsed = () => durationText(performance.now() - started);
  let progress: StageProgress = {};
  const draw = () => {
    const { fraction, step = '', note: within = '' } = progress;
    const note = [step, within, `(${elapsed()})`].filter(Boolean).join(' ');
    terminal.transient(
      progressLine({ label: name, note, ...(fraction === undefined ? {} : { fraction }) }),
    );
  };
  if (!terminal.isInteractive) terminal.note(`  ${name} …`);
  draw();
  const redrawing = setInterval(draw, redrawMs);
  try {
    const { value, detail } = await work((update) => {
      const isNews = update.step !== undefined && update.step !== progress.step;
      if (isNews && !terminal.isInteractive) terminal.note(`    ${update.step} (${elapsed()})`);
      progress = update;
      draw();
    });
    terminal.transient(undefined);
    terminal.note(`${terminal.style('green', '✓')} ${name.padEnd(10)} ${detail} (${elapsed()})`);
    return value;
  } catch (cause) {
    terminal.transient(undefined);
    terminal.note(`${terminal.style('red', '✗')} ${name}`);
    throw stageError(name, elapsed(), cause);
  } finally {
    clearInterval(redrawing);
  }
}
