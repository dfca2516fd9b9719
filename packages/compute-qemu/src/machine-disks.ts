import type { InstanceId, MachineFile, VolumeId } from '@bakehouse/domain';
import type { JailFolder } from '@bakehouse/host';
import type { QemuBlockdevs } from '@bakehouse/qmp';

/** What gives machines their disks, and nothing else of the host. All of it is repeatable. */
export interface MachineDisks {
  /** Makes the folders that the machine's jail needs for its disks, now and for those that are plugged later. */
  open(instanceId: InstanceId): Promise<readonly JailFolder[]>;
  /**
   * Hands a volume to the machine's user, and takes it from every other machine's. Returns QEMU's block graph, whose
   * last node is named by the volume's id.
   */
  give(volumeId: VolumeId, instanceId: InstanceId): Promise<QemuBlockdevs>;
  /** Takes a volume back that the machine has closed. */
  take(volumeId: VolumeId, instanceId: InstanceId): Promise<void>;
  /**
   * Gives a volume the content of another with the same origin. No machine has either. When it is given up, the volume has
   * any content.
   */
  copy(from: VolumeId, to: VolumeId, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Resolves when what was written to the volume by now is on the host's disk. */
  writeBack(volumeId: VolumeId): Promise<void>;
  /** The machine's files there: disks, and what is kept of them for snapshots. */
  files(instanceId: InstanceId): Promise<readonly MachineFile[]>;
  /** Removes what `open` made. The machine has ended. */
  close(instanceId: InstanceId): Promise<void>;
}
