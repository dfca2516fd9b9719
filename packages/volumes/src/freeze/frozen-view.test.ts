import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyedLock, silentLogger, systemClock } from '@bakehouse/base';
import { jailUsers } from '@bakehouse/host';
import { expect, onTestFinished, test } from 'vitest';
import { diskPaths } from '../disks/disk-paths.ts';
import { writeDiskRecord } from '../disks/disk-record.ts';
import { qmpMonitors } from '../qemu/monitor-pool.ts';
import { ensureNbdServer } from '../qemu/nbd-server.ts';
import { noHotMaps } from '../testing/no-hot-maps.ts';
import type { VolumeContext } from '../volume-context.ts';
import { defaultVolumeLimits } from '../volume-limits.ts';
import { endView, serveViews, usingNbdServer } from './frozen-view.ts';

const ended = { volumeId: 'vol-00000000000000001', snapshotId: 'snap-00000000000000001' } as const;
const begun = 'snap-00000000000000002';

const context: VolumeContext = {
  paths: diskPaths('/nowhere'),
  runtimeDirectory: '/nowhere',
  exporterSocketPath: '/nowhere/origin.sock',
  exportName: async (mapId) => mapId,
  groups: () => Promise.reject(new Error('no tool runs')),
  machineUser: async () => 0,
  users: jailUsers({ range: { first: 1, last: 1 } }),
  instanceSockets: () => undefined,
  monitors: qmpMonitors(1),
  locks: new KeyedLock(),
  hot: noHotMaps(),
  beingFilled: new Set(),
  clock: systemClock,
  logger: silentLogger,
  limits: defaultVolumeLimits,
  limitsOfWait: { clock: systemClock, pollMs: 1, timeoutMs: 1_000 },
};

test('a view that begins while the last one ends keeps the NBD server of both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-view-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const socketPath = join(folder, 'machine.nbd');
  const exports = new Set<string>();
  const commands: string[] = [];
  const removing = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  const bitmaps = [{ name: `since-${ended.snapshotId}`, recording: true }];
  const monitor = {
    onEvent: () => () => {},
    async execute(command: string, args: Readonly<Record<string, unknown>> = {}) {
      commands.push(command);
      if (command === 'query-named-block-nodes') {
        return [{ 'node-name': ended.volumeId, 'dirty-bitmaps': bitmaps }];
      }
      if (command === 'query-block-exports') return [...exports].map((id) => ({ id }));
      if (command === 'nbd-server-start') await writeFile(socketPath, '');
      if (command === 'block-export-add') exports.add(String(args.id));
      if (command === 'block-dirty-bitmap-remove') {
        removing.resolve();
        await removed.promise;
      }
      return [];
    },
  };
  const ending = endView(context, monitor, { volume: ended, outcome: 'abandoned', socketPath });
  await removing.promise;
  await usingNbdServer(context, socketPath, async () => {
    await ensureNbdServer(monitor, socketPath);
    await monitor.execute('block-export-add', { id: begun });
  });
  removed.resolve();
  await ending;
  expect([...exports]).toEqual([begun]);
  expect(commands).not.toContain('nbd-server-stop');
});

test('when the changes of one volume cannot be copied, no view is exported', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-view-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const paths = diskPaths(folder);
  const volumes = [
    {
      volumeId: 'vol-00000000000000001',
      snapshotId: 'snap-0000000000000000a',
      sinceSnapshotId: 'snap-00000000000000001',
      sinceMapId: 'map-00000000000000001',
    },
    { volumeId: 'vol-00000000000000002', snapshotId: 'snap-0000000000000000b' },
  ] as const;
  for (const { volumeId } of volumes) {
    await mkdir(paths.folder(volumeId));
    await writeDiskRecord(paths, volumeId, {});
  }
  const names = [`since-${volumes[0].sinceSnapshotId}`, `chg-${volumes[0].snapshotId}`];
  const bitmaps = names.map((name) => ({ name, recording: true, inconsistent: false }));
  const node = { file: '', sizeBytes: 1024, hasBacking: false };
  const graph = {
    nodes: new Map([
      [volumes[0].volumeId, { ...node, bitmaps }],
      [volumes[1].volumeId, { ...node, bitmaps: [] }],
    ]),
    jobs: new Map(),
    exports: new Set<string>(),
  };
  const commands: string[] = [];
  const monitor = {
    onEvent: () => () => {},
    async execute(command: string) {
      commands.push(command);
      if (command === 'block-dirty-bitmap-merge') throw new Error('no room');
      return [];
    },
  };
  const serving = serveViews({ ...context, paths }, monitor, {
    volumes,
    socketPath: '/s',
    fresh: true,
    graph,
  });
  await expect(serving).rejects.toThrow('no room');
  expect(commands).toEqual(['block-dirty-bitmap-merge']);
});
