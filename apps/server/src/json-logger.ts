import { errorFields, type LogFields, type Logger, type LogLevel } from '@bakehouse/base';

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** An error anywhere in the fields is logged with its stack and its causes. */
const readable = (_: string, value: unknown) =>
  value instanceof Error ? errorFields(value) : typeof value === 'bigint' ? String(value) : value;

/** One JSON object per line. Writes nothing below the level, and never fails. */
export function jsonLogger(level: LogLevel, write: (line: string) => void): Logger {
  const make = (fields: LogFields): Logger => ({
    with: (more) => make({ ...fields, ...more }),
    log(lineLevel, message, more = {}) {
      if (order[lineLevel] < order[level]) return;
      const time = new Date().toISOString();
      const line = { ...fields, ...more, time, level: lineLevel, message };
      write(`${toJson(line)}\n`);
    },
  });
  return make({});
}

/** Fields that are no JSON, such as a circle, must not make the caller fail. */
function toJson({ time, level, message, ...fields }: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify({ time, level, message, ...fields }, readable);
  } catch (error) {
    const problem = `cannot log the fields ${Object.keys(fields).join(', ')}`;
    return JSON.stringify({ time, level, message, problem, error }, readable);
  }
}
