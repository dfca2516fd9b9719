import type { JsonObject } from './json-object.ts';

/**
 * A disk as QEMU's block graph: arguments of `blockdev-add`, each with a `node-name`, in the order of creation (a
 * node comes after those that it uses). The last is the disk itself. Nodes are removed in reverse order.
 */
export type QemuBlockdevs = readonly JsonObject[];
