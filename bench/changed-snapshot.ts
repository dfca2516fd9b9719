import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GiB, MiB, silentLogger } from '@bakehouse/base';
import { type BlockStore, openBlockStore } from '@bakehouse/blockstore';
import type { BlockMapId, FreezeVolume, SnapshotId, VolumeId } from '@bakehouse/domain';
import { openNbdBlockSource } from '@bakehouse/nbd';
import type { QemuVolumes } from '@bakehouse/volumes';
import { benchVolumes } from './bench-volumes.ts';
import { median, type Row, seconds, verdict } from './row.ts';

const run = promisify(execFile);
const sizes = [8, 32] as const;
const filledMiB = 1024;
const changes = [1, 10, 100] as const;
const rounds = 3;

/**
 * Writes some MiB, spread over the volume, that nothing else is equal to and that pack to half: a change is then as
 * much work for each byte as what was there first.
 */
async function write(disk: string, countMiB: number, sizeGiB: number): Promise<void> {
  const content = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  const stepMiB = Math.floor((sizeGiB * 1024) / countMiB);
  const lines: string[] = [];
  for (let index = 0; index < countMiB; index += 1) {
    const path = join(content, String(index));
    await writeFile(path, randomBytes(MiB / 2).toString('hex'));
    lines.push('-c', `write -s ${path} ${index * stepMiB}M 1M`);
  }
  await run('qemu-io', ['-f', 'qcow2', ...lines, disk], { maxBuffer: 64 * MiB });
  await rm(content, { recursive: true });
}

const idOf = <Prefix extends string>(prefix: Prefix, number: number) =>
  `${prefix}-${number.toString(16).padStart(17, '0')}` as const;

interface Bench {
  readonly volumes: QemuVolumes;
  readonly engine: BlockStore;
  readonly volumeId: VolumeId;
  taken: number;
  last?: { readonly snapshotId: SnapshotId; readonly mapId: BlockMapId };
}

/** Freeze, capture, thaw: what CreateSnapshot's workflow does for a volume at rest. */
async function snapshot(bench: Bench): Promise<{ ms: number; readMiB: number }> {
  bench.taken += 1;
  const snapshotId = idOf('snap', bench.taken);
  const mapId = idOf('map', bench.taken);
  const { last, volumes, engine, volumeId } = bench;
  const since = last ? { sinceSnapshotId: last.snapshotId, sinceMapId: last.mapId } : {};
  const freeze: FreezeVolume = { volumeId, snapshotId, ...since };
  const begun = performance.now();
  const [view] = await volumes.freeze([freeze]);
  if (!view) throw new Error('no view');
  const base = view.baseMapId ? { baseMapId: view.baseMapId } : {};
  const summary = await engine.capture({ mapId, source: view.source, ...base });
  await volumes.thaw([freeze], 'captured');
  bench.last = { snapshotId, mapId };
  return { ms: performance.now() - begun, readMiB: summary.readBytes / MiB };
}

async function openBench(folder: string, sizeGiB: number): Promise<Bench> {
  const engine = await openBlockStore({
    directory: join(folder, 'store'),
    logger: silentLogger,
    openSource(address, signal) {
      if (address.kind !== 'nbd') throw new Error('a volume is read through NBD');
      return openNbdBlockSource(address, signal);
    },
  });
  const exporter = join(folder, 'exporter');
  await mkdir(exporter);
  const volumes = benchVolumes(folder, engine, join(exporter, 'socket'));
  const volumeId = idOf('vol', 1);
  await volumes.create({ volumeId, sizeBytes: sizeGiB * GiB });
  return { volumes, engine, volumeId, taken: 0 };
}

interface Figures {
  readonly firstMs: number;
  readonly changed: ReadonlyMap<number, { ms: number; readMiB: number }>;
}

async function measureSize(sizeGiB: number): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  const bench = await openBench(folder, sizeGiB);
  const disk = join(folder, 'volumes', bench.volumeId, 'disk.qcow2');
  await write(disk, filledMiB, sizeGiB);
  const first = await snapshot(bench);
  const changed = new Map<number, { ms: number; readMiB: number }>();
  for (const countMiB of changes) {
    const times: { ms: number; readMiB: number }[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await write(disk, countMiB, sizeGiB);
      times.push(await snapshot(bench));
    }
    changed.set(countMiB, {
      ms: median(times.map((time) => time.ms)),
      readMiB: median(times.map((time) => time.readMiB)),
    });
  }
  await bench.engine.close();
  await rm(folder, { recursive: true });
  return { firstMs: first.ms, changed };
}

/** b) A snapshot after a small change against the first, and how its cost grows. */
export async function changedSnapshot(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const sizeGiB of sizes) {
    const { firstMs, changed } = await measureSize(sizeGiB);
    for (const [countMiB, { ms, readMiB }] of changed) {
      const ratio = ms / firstMs;
      const judged = countMiB === 10 && sizeGiB === 8;
      rows.push({
        what: `b) snapshot after ${countMiB} MiB changed in an ${sizeGiB} GiB volume / its first`,
        measured: `${ratio.toFixed(2)} (${seconds(ms)} / ${seconds(firstMs)})`,
        against: judged ? '< 0.1' : '',
        verdict: judged ? verdict(ratio < 0.1) : 'no goal',
        note: `${Math.round(readMiB)} MiB read; the first has ${filledMiB} MiB of data`,
      });
    }
  }
  return rows;
}
