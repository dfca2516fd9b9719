import type { LogFields, Logger, LogLevel } from '@bakehouse/base';

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

function plain(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const cause = value.cause === undefined ? {} : { cause: plain(value.cause) };
  return { name: value.name, message: value.message, stack: value.stack, ...cause };
}

/** One JSON object a line; below the level nothing is written. */
export function jsonLogger(level: LogLevel, write: (line: string) => void): Logger {
  const make = (fields: LogFields): Logger => ({
    with: (more) => make({ ...fields, ...more }),
    log(lineLevel, message, more = {}) {
      if (order[lineLevel] < order[level]) return;
      const all = Object.entries({ ...fields, ...more }).map(([key, value]) => [key, plain(value)]);
      const time = new Date().toISOString();
      write(`${JSON.stringify({ time, level: lineLevel, message, ...Object.fromEntries(all) })}\n`);
    },
  });
  return make({});
}
