import { readFileSync } from 'node:fs';

/** Of a process that is in no user namespace but the first. */
const wholeMap = /^\s*0\s+0\s+4294967295\s*$/;

/** Whether a map of ids (`/proc/PID/uid_map`) leaves every id as it is. */
export const isWholeIdMap = (map: string): boolean => wholeMap.test(map);

/**
 * Whether this process has the user ids of the host. In a user namespace it has not, and neither has root there the
 * rights of the host's root: it makes no device nodes, and uses only ids that are mapped.
 */
export function hasHostIds(): boolean {
  return isWholeIdMap(readFileSync('/proc/self/uid_map', 'utf8'));
}
