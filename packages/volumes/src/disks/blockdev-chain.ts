import type { VolumeId } from '@bakehouse/domain';
import type { JsonObject, QemuBlockdevs } from '@bakehouse/qmp';
import { diskFileNode, diskNode, originNode } from '../freeze/block-names.ts';

export interface ChainOptions {
  readonly volumeId: VolumeId;
  readonly diskPath: string;
  /** What the origin's map is exported as; absent without an origin. */
  readonly originExport?: string;
  readonly exporterSocketPath: string;
  readonly readOnly: boolean;
  /** How long requests wait for a block server that does not respond before the guest sees an I/O error. */
  readonly reconnectSeconds: number;
  /** How long opening the disk waits for the block server. */
  readonly openSeconds: number;
}

/**
 * A volume as QEMU's block graph: the origin's export (where there is one), the overlay's file, the
 * overlay. The last node, named by the volume's id, is the disk. See "blockdev-add" in the QEMU QMP
 * Reference Manual.
 */
export function planBlockdevChain(options: ChainOptions): QemuBlockdevs {
  const { volumeId, originExport, readOnly } = options;
  const file = {
    driver: 'file',
    'node-name': diskFileNode(volumeId),
    filename: options.diskPath,
    'read-only': readOnly,
    discard: 'unmap',
    locking: 'auto',
    // io_uring is refused on many hosts (containers, hardened kernels); threads work everywhere.
    aio: 'threads',
  };
  const disk = planDiskNode({ volumeId, readOnly, hasOrigin: originExport !== undefined });
  if (originExport === undefined) return [file, disk];
  const origin = {
    driver: 'nbd',
    'node-name': originNode(volumeId),
    'read-only': true,
    server: { type: 'unix', path: options.exporterSocketPath },
    export: originExport,
    'reconnect-delay': options.reconnectSeconds,
    'open-timeout': options.openSeconds,
  };
  return [origin, file, disk];
}

/** The overlay itself, over its file. */
export function planDiskNode(options: {
  readonly volumeId: VolumeId;
  readonly readOnly: boolean;
  readonly hasOrigin: boolean;
}): JsonObject {
  const { volumeId, readOnly, hasOrigin } = options;
  return {
    driver: 'qcow2',
    'node-name': diskNode(volumeId),
    'read-only': readOnly,
    file: diskFileNode(volumeId),
    discard: 'unmap',
    // The header names no backing file; null keeps QEMU from looking for one.
    backing: hasOrigin ? originNode(volumeId) : null,
  };
}
