import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { KeyedLock, silentLogger, systemClock } from '@bakehouse/base';
import { jailUsers } from '@bakehouse/host';
import type { QmpClient } from '@bakehouse/qmp';
import { expect, onTestFinished, test } from 'vitest';
import { diskPaths } from '../disks/disk-paths.ts';
import { writeDiskRecord } from '../disks/disk-record.ts';
import { daemonFiles } from '../qemu/daemon-files.ts';
import { MonitorPool } from '../qemu/monitor-pool.ts';
import { noHotMaps } from '../testing/no-hot-maps.ts';
import type { VolumeContext } from '../volume-context.ts';
import { defaultVolumeLimits } from '../volume-limits.ts';
import { freezeDisks, instanceNbdSocket } from './freeze-disks.ts';

const first = { volumeId: 'vol-00000000000000001', snapshotId: 'snap-00000000000000001' } as const;
const second = { volumeId: 'vol-00000000000000002', snapshotId: 'snap-00000000000000002' } as const;
const instanceId = 'i-00000000000000001';

/** Which command, and, where several monitors or nodes get it, with which text in it. */
interface Sent {
  readonly command: string;
  readonly text: string;
}

/** QEMU processes with these two disks; one command fails, and one waits until it is released. */
async function disksOf({ fails, waits }: { readonly fails: Sent; readonly waits: Sent }) {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-freeze-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const failed = Promise.withResolvers<void>();
  const waiting = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const connect = async (socketPath: string): Promise<QmpClient> => ({
    version: '7.2',
    closed: new Promise(() => {}),
    close: async () => {},
    onEvent: () => () => {},
    async execute(command, args) {
      const text = `${socketPath} ${JSON.stringify(args)}`;
      const is = (sent: Sent) => sent.command === command && text.includes(sent.text);
      if (is(fails)) {
        failed.resolve();
        throw new Error('the command failed');
      }
      if (is(waits)) {
        waiting.resolve();
        await released.promise;
      }
      if (command !== 'query-named-block-nodes') return [];
      return [{ 'node-name': first.volumeId }, { 'node-name': second.volumeId }];
    },
  });
  const context: VolumeContext = {
    paths: diskPaths(folder),
    runtimeDirectory: folder,
    exporterSocketPath: join(folder, 'origin.sock'),
    exportName: async (mapId) => mapId,
    groups: () => Promise.reject(new Error('no tool runs')),
    machineUser: async () => 0,
    users: jailUsers({ range: { first: 1, last: 1 } }),
    instanceSockets: () => join(folder, 'machine.qmp'),
    monitors: new MonitorPool(connect),
    locks: new KeyedLock(),
    hot: noHotMaps(),
    beingFilled: new Set(),
    clock: systemClock,
    logger: silentLogger,
    limits: defaultVolumeLimits,
    limitsOfWait: { clock: systemClock, pollMs: 1, timeoutMs: 1_000 },
  };
  await writeFile(await instanceNbdSocket(context, instanceId), '');
  for (const { volumeId } of [first, second]) {
    await mkdir(context.paths.folder(volumeId));
    await writeDiskRecord(context.paths, volumeId, {});
    const { monitor, nbd } = daemonFiles(folder, volumeId);
    await mkdir(dirname(nbd), { recursive: true });
    await writeFile(monitor, '');
    await writeFile(nbd, '');
  }
  const begun = Promise.all([failed.promise, waiting.promise]);
  return { context, begun, release: released.resolve };
}

test.each([
  {
    what: 'of one disk at rest while another is frozen',
    fails: { command: 'query-jobs', text: `${first.volumeId}/qmp` },
    waits: { command: 'query-jobs', text: `${second.volumeId}/qmp` },
  },
  {
    what: 'of the NBD server of a disk at rest while its fleece is looked for',
    fails: { command: 'nbd-server-start', text: `${first.volumeId}/qmp` },
    waits: { command: 'query-jobs', text: `${first.volumeId}/qmp` },
  },
  {
    what: 'of one disk of a machine while the fleece of another is opened',
    fails: { command: 'blockdev-add', text: first.snapshotId },
    waits: { command: 'blockdev-add', text: second.snapshotId },
    instanceId,
  },
  {
    what: "of a machine's NBD server while its disks are frozen",
    fails: { command: 'nbd-server-start', text: 'machine.qmp' },
    waits: { command: 'transaction', text: second.snapshotId },
    instanceId,
  },
] as const)(
  'a failure $what leaves nothing at work: the disks are locked until all has ended',
  async (given) => {
    const { context, begun, release } = await disksOf(given);
    const volumes = [first, second];
    let isFree = false;
    const freezing = freezeDisks(context, volumes, 'instanceId' in given ? instanceId : undefined);
    const refused = expect(freezing).rejects.toThrow('the command failed');
    const ids = volumes.map(({ volumeId }) => volumeId);
    const next = context.locks.run(ids, async () => {
      isFree = true;
    });
    await begun;
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(isFree).toBe(false);
    release();
    await refused;
    await next;
  },
);
