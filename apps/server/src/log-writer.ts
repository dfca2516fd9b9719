import { writeSync } from 'node:fs';

/** Answers how many of the bytes it took. */
type WriteSome = (bytes: Uint8Array) => number;

const toStandardError: WriteSome = (bytes) => writeSync(2, bytes);

/**
 * Writes lines to standard error, and never fails: on a full disk lines are lost, and said to be lost when there
 * is room again. `process.stderr` would end the process instead.
 */
export function logWriter(write: WriteSome = toStandardError): (line: string) => void {
  let lost = 0;
  let isTorn = false;
  const writeAll = (text: string) => {
    for (let left: Uint8Array = Buffer.from(text); left.length > 0; ) {
      const taken = write(left);
      left = left.subarray(taken);
      isTorn = left.length > 0;
    }
  };
  return (line) => {
    const words = { level: 'warn', message: 'lines of this log are lost: it could not be written' };
    const gap = lost === 0 ? '' : `${JSON.stringify({ ...words, lost })}\n`;
    try {
      writeAll(`${isTorn ? '\n' : ''}${gap}${line}`);
      lost = 0;
    } catch {
      lost += 1;
    }
  };
}
