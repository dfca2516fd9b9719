/*
 * Cached reads through our server against `qemu-nbd` on the same raw file, both over a Unix socket, with
 * fio's NBD engine (libnbd) as the client. The servers take turns, so that whatever else the machine does
 * hits both; the ratio is that of the medians.
 *
 * Usage: node packages/nbd/bench/reads.ts [ROUNDS] [SECONDS]
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { MiB } from '@bakehouse/base';

const execute = promisify(execFile);
const diskBytes = 256 * MiB;
const goalRatio = 0.8;

interface Workload {
  readonly name: string;
  readonly pattern: 'read' | 'randread';
  readonly blockSize: string;
  readonly depth: number;
}

const workloads: readonly Workload[] = [
  { name: '4 KiB random, depth 64', pattern: 'randread', blockSize: '4k', depth: 64 },
  { name: '1 MiB sequential, depth 8', pattern: 'read', blockSize: '1m', depth: 8 },
];

async function makeDisk(path: string): Promise<void> {
  await using file = await open(path, 'w');
  const piece = Buffer.alloc(MiB);
  for (let at = 0; at < diskBytes; at += piece.length) {
    piece.fill(((at / MiB) % 251) | 1);
    await file.write(piece);
  }
}

interface BenchServer extends AsyncDisposable {
  readonly socketPath: string;
}

async function start(socketPath: string, command: string, args: string[]): Promise<BenchServer> {
  const child = spawn(command, args, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadlineMs = Date.now() + 30_000;
  while (!existsSync(socketPath)) {
    if (Date.now() > deadlineMs) throw new Error(`${command} did not start within 30 s`);
    await delay(20);
  }
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** MiB a second. */
async function measure(server: BenchServer, workload: Workload, seconds: number): Promise<number> {
  const { stdout } = await execute('fio', [
    '--name=reads',
    '--ioengine=nbd',
    `--uri=nbd+unix:///?socket=${server.socketPath}`,
    `--rw=${workload.pattern}`,
    `--bs=${workload.blockSize}`,
    `--iodepth=${workload.depth}`,
    `--size=${diskBytes}`,
    '--time_based',
    `--runtime=${seconds}`,
    '--output-format=json',
  ]);
  // The engine prints lines of its own before the report.
  const report = JSON.parse(stdout.slice(stdout.indexOf('{\n')));
  return report.jobs[0].read.bw_bytes / MiB;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function compare(
  workload: Workload,
  servers: { readonly ours: BenchServer; readonly qemu: BenchServer },
  runs: { readonly rounds: number; readonly seconds: number },
): Promise<void> {
  const ours: number[] = [];
  const qemu: number[] = [];
  for (let round = 0; round < runs.rounds; round++) {
    ours.push(await measure(servers.ours, workload, runs.seconds));
    qemu.push(await measure(servers.qemu, workload, runs.seconds));
  }
  const ratio = median(ours) / median(qemu);
  console.log(
    `| ${workload.name} | ${median(ours).toFixed(0)} | ${median(qemu).toFixed(0)} | ` +
      `${ratio.toFixed(2)} | ${ratio >= goalRatio ? 'met' : 'missed'} |`,
  );
}

const [rounds = 5, seconds = 3] = process.argv.slice(2).map(Number);
const folder = await mkdtemp(join(tmpdir(), 'bakehouse-nbd-bench-'));
try {
  const disk = join(folder, 'disk.raw');
  await makeDisk(disk);
  const program = join(import.meta.dirname, 'memory-server.ts');
  const [oursPath, qemuPath] = [join(folder, 'ours.sock'), join(folder, 'qemu.sock')];
  await using ours = await start(oursPath, process.execPath, [program, disk, oursPath]);
  await using qemu = await start(qemuPath, 'qemu-nbd', [
    '-t',
    '-r',
    '-f',
    'raw',
    '-k',
    qemuPath,
    disk,
  ]);
  console.log('| cached reads | ours, MiB/s | qemu-nbd, MiB/s | ratio | goal 0.8 |');
  console.log('|---|---|---|---|---|');
  for (const workload of workloads) {
    await compare(workload, { ours, qemu }, { rounds, seconds });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
