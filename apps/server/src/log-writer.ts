import { writeSync } from 'node:fs';

/** Returns how many of the bytes it has written. */
type WriteSome = (bytes: Uint8Array) => number;

const toStandardError: WriteSome = (bytes) => writeSync(2, bytes);

/**
 * Writes lines to standard error and never fails. On a full disk lines are lost, and counted in the log when there
 * is room again; `process.stderr` would end the process instead.
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
    const notice = {
      level: 'warn',
      message: 'lines of this log were lost, as it could not be written',
    };
    const gap = lost === 0 ? '' : `${JSON.stringify({ ...notice, lost })}\n`;
    try {
      writeAll(`${isTorn ? '\n' : ''}${gap}${line}`);
      lost = 0;
    } catch {
      lost += 1;
    }
  };
}
