import { chmod, chown, copyFile, link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceId } from '@bakehouse/domain';
import { filesIn, syncPath } from '@bakehouse/host';
import type { MachineDisks } from '../src/index.ts';

/** Disks that are qcow2 files `<volume id>.qcow2` in a folder, linked into a folder for each machine. */
export function machineDisksIn(
  folder: string,
  userOf: (instanceId: InstanceId) => Promise<number>,
): MachineDisks {
  const doorOf = (instanceId: InstanceId) => join(folder, 'doors', instanceId);
  return {
    async open(instanceId) {
      const path = doorOf(instanceId);
      await mkdir(path, { recursive: true });
      await chown(path, 0, await userOf(instanceId));
      await chmod(path, 0o710);
      return [{ path, writable: true }];
    },
    async give(volumeId, instanceId) {
      const filename = join(doorOf(instanceId), `${volumeId}.qcow2`);
      const source = join(folder, `${volumeId}.qcow2`);
      const user = await userOf(instanceId);
      // A missing disk is for QEMU to report.
      await link(source, filename).catch(() => {});
      await chown(filename, user, user).catch(() => {});
      return [
        { driver: 'file', 'node-name': `${volumeId}-f`, filename },
        { driver: 'qcow2', 'node-name': volumeId, file: `${volumeId}-f` },
      ];
    },
    take: (volumeId, instanceId) =>
      rm(join(doorOf(instanceId), `${volumeId}.qcow2`), { force: true }),
    copy: (from, to) => copyFile(join(folder, `${from}.qcow2`), join(folder, `${to}.qcow2`)),
    writeBack: (volumeId) => syncPath(join(folder, `${volumeId}.qcow2`)),
    files: (instanceId) => filesIn(doorOf(instanceId)),
    close: (instanceId) => rm(doorOf(instanceId), { recursive: true, force: true }),
  };
}
