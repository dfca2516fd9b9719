import type { VolumeId } from '@bakehouse/domain';
import type { JsonObject, QemuBlockdevs } from '@bakehouse/qmp';
import { diskFileNode, diskNode, originNode } from '../freeze/block-names.ts';

export interface ChainOptions {
  readonly volumeId: VolumeId;
  readonly diskPath: string;
  /** What the origin's map is exported as; absent without an origin, and with `hotPath`. */
  readonly originExport?: string;
  /** The file that has the origin's blocks, in place of its export. */
  readonly hotPath?: string;
  readonly exporterSocketPath: string;
  readonly readOnly: boolean;
  /** How long requests wait for a block server that does not respond before the guest sees an I/O error. */
  readonly reconnectSeconds: number;
  /** How long opening the disk waits for the block server. */
  readonly openSeconds: number;
}

/**
 * A volume as QEMU's block graph: the origin's export or its hot file (where there is one), the overlay's file, the
 * overlay. The last node, named by the volume's id, is the disk. See "blockdev-add" in the QEMU QMP
 * Reference Manual.
 */
export function planBlockdevChain(options: ChainOptions): QemuBlockdevs {
  const { volumeId, readOnly } = options;
  const file = {
    driver: 'file',
    'node-name': diskFileNode(volumeId),
    filename: options.diskPath,
    'read-only': readOnly,
    discard: 'unmap',
    locking: 'auto',
    // Only this host uses the file: a guest that goes on after a fork does not wait until the file is written back.
    'drop-cache': false,
    // io_uring is refused on many hosts (containers, hardened kernels); threads work everywhere.
    aio: 'threads',
  };
  const origin = planOriginNode(options);
  const disk = planDiskNode({ volumeId, readOnly, hasOrigin: origin !== undefined });
  return origin === undefined ? [file, disk] : [origin, file, disk];
}

function planOriginNode(options: ChainOptions): JsonObject | undefined {
  const { hotPath, originExport } = options;
  const common = { 'node-name': originNode(options.volumeId), 'read-only': true };
  if (hotPath !== undefined) {
    // Nobody writes the file, and its other readers, which could hold QEMU's locks on it, are other guests' QEMUs.
    return { driver: 'file', ...common, filename: hotPath, locking: 'off', aio: 'threads' };
  }
  if (originExport === undefined) return undefined;
  return {
    driver: 'nbd',
    ...common,
    server: { type: 'unix', path: options.exporterSocketPath },
    export: originExport,
    'reconnect-delay': options.reconnectSeconds,
    'open-timeout': options.openSeconds,
  };
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

/** The file behind the disk, which other disks may have behind them, too: whoever opens the chain needs it, to read. */
export function hotFileOfChain(chain: QemuBlockdevs, volumeId: VolumeId): string | undefined {
  const origin = chain.find((node) => node['node-name'] === originNode(volumeId));
  return typeof origin?.filename === 'string' ? origin.filename : undefined;
}
