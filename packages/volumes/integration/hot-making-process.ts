import { silentLogger, systemClock } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';
import { findControlGroups, jailUsers } from '@bakehouse/host';
import { createQemuVolumes } from '../src/index.ts';
import { mapOfFile } from './map-of-file.ts';

/** A control plane that makes a hot map and hangs in its middle, to be killed when it says something. */
const [hotDirectory = '', mapId, rawPath = ''] = process.argv.slice(2);
const id = mapId as BlockMapId;
const source = mapOfFile(id, rawPath);

await createQemuVolumes({
  directory: `${hotDirectory}/../none`,
  hotDirectory,
  maps: {
    ...source,
    async readBlock(asked, blockIndex) {
      if (blockIndex < 8) return await source.readBlock(asked, blockIndex);
      process.stdout.write('.');
      return await systemClock.sleep(60_000).then(() => undefined);
    },
  },
  runtimeDirectory: '/nowhere',
  exporterSocketPath: '/nowhere/store.sock',
  exportName: async (asked) => asked,
  groups: () => findControlGroups(),
  machineUser: async () => 0,
  users: jailUsers({ range: { first: 710_000, last: 719_999 }, claims: '/nowhere/users' }),
  instanceSockets: () => undefined,
  clock: systemClock,
  logger: silentLogger,
}).hot.make(id, { signal: new AbortController().signal });
