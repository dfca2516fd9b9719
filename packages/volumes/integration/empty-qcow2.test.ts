import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GiB, KiB, MiB } from '@bakehouse/base';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeEmptyQcow2 } from '../src/disks/empty-qcow2.ts';

const run = promisify(execFile);
const TiB = 1024 * GiB;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bakehouse-qcow2-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function infoOf(path: string): Promise<Record<string, unknown>> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', path]);
  const { filename: _, 'actual-size': __, 'dirty-flag': ___, ...info } = JSON.parse(stdout);
  return info;
}

test.each([
  [512, 64 * KiB],
  [MiB, 64 * KiB],
  [8 * GiB, 64 * KiB],
  [TiB, 512 * KiB],
  [16 * TiB, 64 * KiB],
  [16 * TiB, 2 * MiB],
])(
  'QEMU takes an image of %i bytes with clusters of %i for one of its own',
  async (sizeBytes, clusterBytes) => {
    const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
    await writeEmptyQcow2(ours, { sizeBytes, clusterBytes });
    const options = `cluster_size=${clusterBytes},lazy_refcounts=off,compat=1.1`;
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', options, theirs, `${sizeBytes}`]);
    expect(await infoOf(ours)).toEqual(await infoOf(theirs));
    await run('qemu-img', ['check', '-q', ours]);
    // Written to at both ends, it is still sound, and holds what was written.
    const last = sizeBytes - 512;
    const writes = ['-c', 'write -P 1 0 512', '-c', `write -P 2 ${last} 512`];
    await run('qemu-io', ['-f', 'qcow2', ...writes, ours]);
    await run('qemu-img', ['check', '-q', ours]);
    await run('qemu-io', ['-r', '-f', 'qcow2', '-c', `read -P 2 ${last} 512`, ours]);
  },
);
