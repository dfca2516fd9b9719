import type { Clock, KeyedLock, Logger } from '@bakehouse/base';
import type { BlockMapId, InstanceId, VolumeId } from '@bakehouse/domain';
import type { ControlGroups, JailUsers } from '@bakehouse/host';
import type { DiskPaths } from './disks/disk-paths.ts';
import type { HotContext } from './hot/hot-context.ts';
import type { MonitorPool } from './qemu/monitor-pool.ts';
import type { WaitOptions } from './qemu/wait-until.ts';
import type { VolumeLimits } from './volume-limits.ts';

/** What the operations on volumes share. */
export interface VolumeContext {
  readonly paths: DiskPaths;
  /** A short path: the address of a Unix socket holds 107 bytes. */
  readonly runtimeDirectory: string;
  readonly exporterSocketPath: string;
  readonly exportName: (mapId: BlockMapId, volumeId?: VolumeId) => Promise<string>;
  readonly users: JailUsers;
  readonly groups: () => Promise<Pick<ControlGroups, 'make' | 'remove'>>;
  readonly machineUser: (instanceId: InstanceId) => Promise<number>;
  readonly instanceSockets: (instanceId: InstanceId) => string | undefined;
  readonly monitors: MonitorPool;
  /** Keyed by volume id, by the socket of an NBD server, by the id of a hot map, and by the link that is tried. */
  readonly locks: KeyedLock;
  readonly hot: HotContext;
  /** The volumes in machines that this control plane has QEMU fill now, and follows. */
  readonly beingFilled: Set<VolumeId>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: VolumeLimits;
  /** What waiting for QEMU needs of the limits. */
  readonly limitsOfWait: Omit<WaitOptions, 'what'>;
}
