import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MiB } from '@bakehouse/base';
import { findControlGroups } from '@bakehouse/host';
import { expect, test } from 'vitest';
import { diskBytes, id, killDaemon, openedRig, originMapId, pidOfDaemon, type Rig } from './rig.ts';

const volumeId = id.volume(1);
const freeze = { volumeId, snapshotId: id.snapshot(1), originMapId };
const { kind } = await findControlGroups();

/** Names of control groups of this rig's volume. */
async function groupsOf(rig: Rig): Promise<readonly string[]> {
  const { gid } = await stat(join(rig.volumesDirectory, volumeId));
  const root = kind === 'v1' ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup';
  const names = await readdir(root);
  return names.filter((name) => name.startsWith(`bakehouse-${gid}-${volumeId}`));
}

test.runIf(kind === 'v1' || kind === 'v2')(
  'a storage daemon has a control group of its own, for as long as it runs',
  async () => {
    const rig = await openedRig();
    const volumes = rig.volumes();
    await volumes.create({ volumeId, sizeBytes: diskBytes, originMapId });
    await volumes.freeze([freeze]);
    const [name] = await groupsOf(rig);
    const daemon = await pidOfDaemon(rig, volumeId);
    expect(await readFile(`/proc/${daemon}/cgroup`, 'utf8')).toContain(`/${name}\n`);
    await volumes.thaw([freeze], 'captured');
    expect(await groupsOf(rig)).toEqual([]);

    // One that was killed leaves its group to the next, or to the end of the disk.
    await volumes.freeze([{ ...freeze, snapshotId: id.snapshot(2) }]);
    await killDaemon(rig, volumeId);
    await volumes.freeze([{ ...freeze, snapshotId: id.snapshot(2) }]);
    expect(await groupsOf(rig)).toEqual([name]);
    await volumes.thaw([{ ...freeze, snapshotId: id.snapshot(2) }], 'abandoned');
    expect(await groupsOf(rig)).toEqual([]);

    // qemu-img has one while it works.
    await volumes.grow(volumeId, diskBytes + MiB);
    expect(await groupsOf(rig)).toEqual([]);
  },
);
