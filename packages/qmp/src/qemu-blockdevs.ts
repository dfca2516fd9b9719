import type { JsonObject } from './json-object.ts';

/**
 * A disk as QEMU's block graph: arguments of `blockdev-add`, each with a `node-name`, in the order in
 * which they must be created (what is used comes before its user). The last is the disk itself. Removing
 * goes the other way round.
 */
export type QemuBlockdevs = readonly JsonObject[];
