import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import { findControlGroups } from '@bakehouse/host';
import { expect, onTestFinished, test } from 'vitest';
import { diskBytes, id, killDaemon, openedRig, originMapId, pidOfDaemon, type Rig } from './rig.ts';

const volumeId = id.volume(1);
const freeze = { volumeId, snapshotId: id.snapshot(1), originMapId };
const groups = await findControlGroups();
const { kind } = groups;

/** Names of control groups of the volume, which has this user. */
async function groupsOf(gid: number): Promise<readonly string[]> {
  const root = kind === 'v1' ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
  const names = await readdir(root);
  return names.filter((name) => name.startsWith(`bakehouse-${gid}-${volumeId}`)).toSorted();
}

async function userOf(rig: Rig): Promise<number> {
  return (await stat(join(rig.volumesDirectory, volumeId))).gid;
}

test.runIf(kind === 'v1' || kind === 'v2')(
  'a storage daemon has a control group of its own, for as long as it runs',
  async () => {
    const rig = await openedRig();
    const volumes = rig.volumes();
    await volumes.create({ volumeId, sizeBytes: diskBytes, originMapId });
    await volumes.freeze([freeze]);
    const [name] = await groupsOf(await userOf(rig));
    const daemon = await pidOfDaemon(rig, volumeId);
    expect(await readFile(`/proc/${daemon}/cgroup`, 'utf8')).toContain(`/${name}\n`);
    await volumes.thaw([freeze], 'captured');
    expect(await groupsOf(await userOf(rig))).toEqual([]);

    // One that was killed leaves its group to the next, or to the end of the disk.
    await volumes.freeze([{ ...freeze, snapshotId: id.snapshot(2) }]);
    await killDaemon(rig, volumeId);
    await volumes.freeze([{ ...freeze, snapshotId: id.snapshot(2) }]);
    expect(await groupsOf(await userOf(rig))).toEqual([name]);
    await volumes.thaw([{ ...freeze, snapshotId: id.snapshot(2) }], 'abandoned');
    expect(await groupsOf(await userOf(rig))).toEqual([]);

    // qemu-img has one while it works.
    await volumes.grow(volumeId, diskBytes + MiB);
    expect(await groupsOf(await userOf(rig))).toEqual([]);
  },
);

test.runIf(kind === 'v1' || kind === 'v2')(
  'what a server that was killed has left of control groups goes with the disk',
  async () => {
    const rig = await openedRig();
    const volumes = rig.volumes();
    await volumes.create({ volumeId, sizeBytes: diskBytes, originMapId });
    // It gives the disk its user.
    await volumes.grow(volumeId, diskBytes + MiB);
    const { gid } = await stat(join(rig.volumesDirectory, volumeId));
    const left = ['daemon', 'image'].map((tool) => `bakehouse-${gid}-${volumeId}-${tool}`);
    const limits = { memoryBytes: 64 * MiB, threadsMax: 8, weight: 100 };
    for (const name of left) {
      await groups.make(name, limits);
      onTestFinished(() => groups.remove(name));
    }
    expect(await groupsOf(gid)).toEqual(left);
    await volumes.remove(volumeId);
    expect(await groupsOf(gid)).toEqual([]);
  },
);
