import { createWriteStream } from 'node:fs';
import type { Logger } from '@bakehouse/base';

export interface BakeLog {
  write(line: string): void;
  /** Resolves when it is written, or cannot be. */
  close(): Promise<void>;
}

/** Begins an empty log. A log that cannot be written, as on a full disk, ends no bake. */
export function openBakeLog(path: string, logger: Logger): BakeLog {
  const stream = createWriteStream(path, { mode: 0o600 });
  stream.once('error', (error) => {
    logger.log('warn', 'the log of the bake cannot be written', { path, error });
  });
  return {
    write: (line) => {
      stream.write(`${line}\n`);
    },
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
