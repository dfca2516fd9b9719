import { readFileSync } from 'node:fs';

/** The names of instructions for SHA-256 in Linux's list: on x86, and on ARM. */
const names = ['sha_ni', 'sha2'];

/** Whether the processor of this text of /proc/cpuinfo has instructions for SHA-256. */
export function listsShaInstructions(cpuInfo: string): boolean {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1] ?? '';
  const listed = new Set(line.split(/\s+/));
  return names.some((name) => listed.has(name));
}

/** Whether OpenSSL has them here, with which it is far faster than anything else. */
export function hasShaInstructions(): boolean {
  try {
    return listsShaInstructions(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return false;
  }
}
