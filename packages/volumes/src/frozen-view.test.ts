import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyedLock, silentLogger, systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { endView, serveViews } from './frozen-view.ts';
import { MonitorPool } from './monitor-pool.ts';
import type { VolumeContext } from './volume-context.ts';
import { defaultVolumeLimits } from './volume-limits.ts';
import { volumePaths } from './volume-paths.ts';

const ended = { volumeId: 'vol-00000000000000001', snapshotId: 'snap-00000000000000001' } as const;
const begun = { volumeId: 'vol-00000000000000002', snapshotId: 'snap-00000000000000002' } as const;

const context: VolumeContext = {
  paths: volumePaths('/nowhere'),
  runtimeDirectory: '/nowhere',
  exporterSocketPath: '/nowhere/origin.sock',
  instanceSockets: () => undefined,
  monitors: new MonitorPool(1),
  locks: new KeyedLock(),
  clock: systemClock,
  logger: silentLogger,
  limits: defaultVolumeLimits,
  limitsOfWait: { clock: systemClock, pollMs: 1, timeoutMs: 1_000 },
};

test('a view that begins while the last one ends keeps the server of both', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-view-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const socketPath = join(folder, 'machine.nbd');
  const exports = new Set<string>();
  const commands: string[] = [];
  const removing = Promise.withResolvers<void>();
  const removed = Promise.withResolvers<void>();
  const bitmaps = [{ name: `since-${ended.snapshotId}`, recording: true }];
  const execute = async (command: string, args: Record<string, unknown> = {}) => {
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
  };
  const ending = endView(context, { execute }, { volume: ended, outcome: 'abandoned', socketPath });
  await removing.promise;
  // The record of the volume is not there; by then the export is.
  await serveViews(context, { execute }, { volumes: [begun], socketPath, fresh: true }).catch(
    () => {},
  );
  expect([...exports]).toEqual([begun.snapshotId]);
  removed.resolve();
  await ending;
  expect(commands).not.toContain('nbd-server-stop');
});
