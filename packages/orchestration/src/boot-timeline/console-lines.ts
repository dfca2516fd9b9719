import { minuteMs, type TimestampMs } from '@bakehouse/base';
import type { MachineBoot } from '@bakehouse/domain';

/** A line of the guest's console. */
export interface ConsoleLine {
  readonly text: string;
  /** When it was complete on the console, at the latest; absent where nobody looked in time. */
  readonly arrival?: { readonly at: TimestampMs; readonly precisionMs: number };
}

/** Two looks that are further apart say too little about when a line arrived. */
const precisionMaxMs = minuteMs;

const escapes = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])/g;

/** A prompt waits for an answer, and what is written after it on the same line comes later. */
const prompt = 'login: ';

function endOfLine(buffer: Buffer, from: number): number {
  const end = buffer.indexOf('\n', from);
  const lineEnd = end === -1 ? buffer.length : end + 1;
  const at = buffer.indexOf(prompt, from);
  return at === -1 ? lineEnd : Math.min(lineEnd, at + prompt.length);
}

/** The lines of a boot's console, also the last one without an end, each with its arrival. */
export function consoleLines({ console: bytes, arrivals }: MachineBoot): ConsoleLine[] {
  const lines: ConsoleLine[] = [];
  const buffer = Buffer.from(bytes ?? []);
  let look = 0;
  for (let from = 0; from < buffer.length; ) {
    const to = endOfLine(buffer, from);
    while (look < arrivals.length && (arrivals[look]?.bytes ?? 0) < to) look += 1;
    const { at, since = 0 } = arrivals[look] ?? {};
    const precisionMs = (at ?? 0) - since;
    const text = buffer
      .toString('utf8', from, to)
      .replace(escapes, '')
      .replace(/[\r\n]/g, '');
    const isKnown = at !== undefined && precisionMs <= precisionMaxMs;
    lines.push(isKnown ? { text, arrival: { at, precisionMs } } : { text });
    from = to;
  }
  return lines;
}
