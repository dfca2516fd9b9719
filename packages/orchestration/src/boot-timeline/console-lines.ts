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

/** Longer lines are cut: a guest that writes no line end must not make each search go through all that it wrote. */
const lineBytesMax = 4_096;

function endOfLine(buffer: Buffer, from: number): number {
  const most = buffer.subarray(from, from + lineBytesMax);
  const end = most.indexOf('\n');
  const line = end === -1 ? most : most.subarray(0, end + 1);
  const at = line.indexOf(prompt);
  return from + (at === -1 ? line.length : at + prompt.length);
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
