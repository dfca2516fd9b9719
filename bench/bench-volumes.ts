import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import type { SnapshotReader } from '@bakehouse/domain';
import { findControlGroups, jailUsers } from '@bakehouse/host';
import { createQemuVolumes, type QemuVolumes } from '@bakehouse/volumes';

/** Volumes in a folder, without machines. */
export function benchVolumes(
  folder: string,
  maps: Pick<SnapshotReader, 'find' | 'listBlocks' | 'readBlock'>,
  exporterSocketPath: string,
): QemuVolumes {
  return createQemuVolumes({
    directory: join(folder, 'volumes'),
    hotDirectory: join(folder, 'hot-maps'),
    maps,
    runtimeDirectory: join(folder, 'run'),
    exporterSocketPath,
    exportName: async (mapId) => mapId,
    groups: () => findControlGroups(),
    machineUser: async () => 0,
    users: jailUsers({ range: { first: 720_000, last: 720_999 }, claims: join(folder, 'users') }),
    instanceSockets: () => undefined,
    clock: systemClock,
    logger: silentLogger,
  });
}
