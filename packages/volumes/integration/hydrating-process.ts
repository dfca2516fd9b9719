import { join } from 'node:path';
import { MiB, silentLogger, systemClock } from '@bakehouse/base';
import type { InstanceId, VolumeId } from '@bakehouse/domain';
import { MemorySnapshotStore } from '@bakehouse/fakes';
import { findControlGroups, jailUsers } from '@bakehouse/host';
import { createQemuVolumes } from '../src/index.ts';

/** A control plane that hydrates slowly, to be killed when it says something: its arguments are folders, a volume, a machine's monitor. */
const [directory = '', runtimeDirectory = '', exporterSocketPath = '', volumeId, monitor] =
  process.argv.slice(2);

await createQemuVolumes({
  directory,
  hotDirectory: `${directory}/none`,
  maps: new MemorySnapshotStore(),
  runtimeDirectory,
  exporterSocketPath,
  exportName: async (mapId) => mapId,
  groups: () => findControlGroups(),
  machineUser: async () => 0,
  users: jailUsers({
    range: { first: 710_000, last: 719_999 },
    claims: join(directory, '../../users'),
  }),
  instanceSockets: () => monitor,
  clock: systemClock,
  logger: silentLogger,
  limits: { hydrateBytesPerSecond: MiB },
}).hydrate(volumeId as VolumeId, monitor ? ('i-1' as InstanceId) : undefined, {
  signal: new AbortController().signal,
  onProgress: () => process.stdout.write('.'),
});
