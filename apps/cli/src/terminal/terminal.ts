import { once } from 'node:events';
import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Where a command writes: results to standard output, everything else to standard error. */
export interface Terminal {
  readonly isInteractive: boolean;
  /** A line of the result. */
  print(line: string): void;
  /** Resolves when standard output takes more. Rejects with the signal's error when that is aborted first. */
  drained(signal: AbortSignal): Promise<void>;
  /** A line beside the result: progress, hints, warnings. */
  note(line: string): void;
  /** Replaces the last transient line; undefined removes it. Nothing where nobody looks. */
  transient(line: string | undefined): void;
  /** Colours on a terminal only; NO_COLOR is obeyed. */
  style(style: Style, text: string): string;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const isInteractive = stderr.isTTY === true;
  let shown = false;
  const clear = () => {
    if (shown) stderr.write('\r\u001b[K');
    shown = false;
  };
  return {
    isInteractive,
    print(line) {
      clear();
      stdout.write(`${line}\n`);
    },
    async drained(signal) {
      if (stdout.writableNeedDrain) await once(stdout, 'drain', { signal });
    },
    note(line) {
      clear();
      stderr.write(`${line}\n`);
    },
    transient(line) {
      if (!isInteractive) return;
      clear();
      if (line === undefined) return;
      stderr.write(line.slice(0, Math.max(20, (stderr.columns || 80) - 1)));
      shown = true;
    },
    style: (style, text) => styleText(style, text, { stream: stdout, validateStream: true }),
  };
}
