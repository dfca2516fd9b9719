import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectBlockStore } from '@bakehouse/blockstore';
import { hotReads } from './hot-reads.ts';
import { readAhead } from './read-ahead.ts';
import { median, type Row, verdict } from './row.ts';

const run = promisify(execFile);
const rounds = 5;
const goalRatio = 0.8;
const mapId = 'map-00000000000000001';
/** Fits the block server's cache: what is measured is serving, not unpacking. */
const diskMiB = 96;

const workloads = [
  { name: '4 KiB random, depth 64', pattern: 'randread', size: '4k', depth: 64 },
  { name: '1 MiB sequential, depth 8', pattern: 'read', size: '1m', depth: 8 },
] as const;

interface Served extends AsyncDisposable {
  readonly uri: string;
}

async function start(
  socket: string,
  command: string,
  args: readonly string[],
): Promise<AsyncDisposable> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const deadline = Date.now() + 30_000; !existsSync(socket); await delay(20)) {
    if (Date.now() > deadline) throw new Error(`${command} did not start`);
  }
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const program = join(
  import.meta.dirname,
  '..',
  'apps',
  'server',
  'src',
  'processes',
  'block-server.ts',
);

/** Our block server with the disk captured into it. */
async function serveOurs(folder: string, disk: string): Promise<Served> {
  const nbd = join(folder, 'ours.nbd');
  const control = join(folder, 'ours.rpc');
  const args = [program, '--store', join(folder, 'store'), '--build', 'bench'];
  const guests = ['--guests', join(folder, 'ours.guests'), '--export-key', join(folder, 'key')];
  const sockets = ['--nbd', nbd, '--control', control, ...guests];
  const server = await start(control, process.execPath, [...args, ...sockets]);
  await connectBlockStore({ socketPath: control }).capture({
    mapId,
    source: { kind: 'file', path: disk },
  });
  const uri = `nbd+unix:///${mapId}?socket=${nbd}`;
  return { uri, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

async function serveTheirs(folder: string, disk: string): Promise<Served> {
  const socket = join(folder, 'theirs.sock');
  const args = ['-r', '-f', 'raw', '-t', '-e', '8', '-k', socket, disk];
  const server = await start(socket, 'qemu-nbd', args);
  return {
    uri: `nbd+unix:///?socket=${socket}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function reads(
  uri: string,
  { pattern, size, depth }: (typeof workloads)[number],
): Promise<number> {
  const args = [
    '--name=reads',
    '--ioengine=nbd',
    `--uri=${uri}`,
    `--rw=${pattern}`,
    `--bs=${size}`,
  ];
  const bounds = [
    `--iodepth=${depth}`,
    `--size=${diskMiB}M`,
    '--time_based',
    '--runtime=3',
    '--output-format=json',
  ];
  const { stdout } = await run('fio', [...args, ...bounds]);
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    jobs: [{ read: { iops: number } }];
  };
  return report.jobs[0].read.iops;
}

/** c) Cached reads through the block server, and of a hot file, against qemu-nbd on the raw file, turn by turn. */
export async function nbdReads(): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-bench-'));
  const disk = join(folder, 'disk.raw');
  await run('dd', ['if=/dev/urandom', `of=${disk}`, 'bs=1M', `count=${diskMiB}`]);
  const rows: Row[] = [];
  {
    await using ours = await serveOurs(folder, disk);
    await using theirs = await serveTheirs(folder, disk);
    for (const workload of workloads) {
      const our: number[] = [];
      const their: number[] = [];
      await reads(ours.uri, workload);
      for (let round = 0; round < rounds; round += 1) {
        their.push(await reads(theirs.uri, workload));
        our.push(await reads(ours.uri, workload));
      }
      const ratio = median(our) / median(their);
      rows.push({
        what: `c) cached NBD reads, ${workload.name}, rate / qemu-nbd on the raw file`,
        measured: `${ratio.toFixed(2)} (${Math.round(median(our))} / ${Math.round(median(their))} per second)`,
        against: `≥ ${goalRatio}`,
        verdict: verdict(ratio >= goalRatio),
        note: `fio's NBD engine over a Unix socket; medians of ${rounds} × 3 s`,
      });
    }
    const sockets = {
      nbdSocket: join(folder, 'ours.nbd'),
      controlSocket: join(folder, 'ours.rpc'),
    };
    const qemuNbdUri = theirs.uri;
    rows.push(...(await hotReads({ folder, disk, diskMiB, mapId, qemuNbdUri, ...sockets })));
  }
  rows.push(...(await readAhead(folder)));
  await rm(folder, { recursive: true });
  return rows;
}
