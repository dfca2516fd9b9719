import { fstatSync, ftruncateSync, writeSync } from 'node:fs';
import { errorFields, type LogFields, type Logger, type LogLevel, minuteMs } from '@bakehouse/base';

export interface AgentLogOptions {
  readonly write: (line: string) => void;
  readonly now: () => number;
}

const windowMs = minuteMs;
const linesPerWindowMax = 60;
const standardError = 2;

const readable = (_: string, value: unknown) =>
  value instanceof Error ? errorFields(value) : value;

/** JSON lines, at most 60 a minute, as guests can make the agent fail as often as they like. The rest is counted. */
export function agentLogger(options: AgentLogOptions, fields: LogFields = {}): Logger {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;
  const line = (level: LogLevel, message: string, more: LogFields) => {
    const time = new Date(options.now()).toISOString();
    options.write(`${JSON.stringify({ time, level, message, ...fields, ...more }, readable)}\n`);
  };
  return {
    log(level, message, more = {}) {
      const now = options.now();
      if (now - since >= windowMs || now < since) {
        const dropped = count - linesPerWindowMax;
        since = now;
        count = 0;
        if (dropped > 0) line('warn', 'lines of the log were dropped', { lines: dropped });
      }
      count += 1;
      if (count <= linesPerWindowMax) line(level, message, more);
    },
    with: (more) => agentLogger(options, { ...fields, ...more }),
  };
}

/** Writes to standard error. Where that is a file, it is emptied when it has grown too long. */
export function writeBounded(bytesMax: number): (line: string) => void {
  return (line) => {
    const file = fstatSync(standardError);
    if (file.isFile() && file.size > bytesMax) ftruncateSync(standardError, 0);
    try {
      writeSync(standardError, line);
    } catch {
      // A full disk costs lines of the log. With process.stderr it would cost all that follow.
    }
  };
}
