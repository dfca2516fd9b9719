import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GiB } from '@bakehouse/base';
import { jailedProcess } from '@bakehouse/host';
import { until } from '../tests/boot/support/wait.ts';

const run = promisify(execFile);

interface BlockNode {
  readonly driver: string;
  readonly 'node-name': string;
  readonly filename?: string;
  readonly export?: string;
  readonly server?: { readonly path: string };
}

/** A guest of the platform as it runs, and what a bare one needs to take its place. */
export interface Launched {
  readonly pid: number;
  readonly argv: readonly string[];
  /** The network namespace that its port is in. */
  readonly namespace: string;
}

export async function readLaunched(dataDirectory: string, instanceId: string): Promise<Launched> {
  // QEMU's own pid file has its id inside the jail.
  const folder = join(dataDirectory, 'instances', instanceId);
  const qemu = await jailedProcess(join(folder, 'jail.json'), (await stat(folder)).gid);
  if (qemu === undefined) throw new Error(`${instanceId} has no QEMU`);
  const { pid } = qemu;
  const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  const { stdout } = await run('ip', ['netns', 'identify', `${pid}`]);
  return { pid, argv, namespace: stdout.trim() };
}

/** As a power cut does; resolves when the process is gone. */
export async function killGuest({ pid }: Launched): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(
    `process ${pid} gone`,
    () =>
      readFile(`/proc/${pid}/stat`).then(
        () => false,
        () => true,
      ),
    {
      everyMs: 50,
    },
  );
}

const blockNodes = (argv: readonly string[]) =>
  argv.flatMap((value, at) =>
    argv[at - 1] === '-blockdev' ? [JSON.parse(value) as BlockNode] : [],
  );

/** The image that the guest's root volume was made from, read through the block server, as large as the volume. */
export async function copyImage({ argv }: Launched, path: string, sizeGiB: number): Promise<void> {
  const origin = blockNodes(argv).find(({ driver }) => driver === 'nbd');
  if (origin === undefined)
    throw new Error("the guest's volume does not read from the block server");
  const uri = `nbd+unix:///${origin.export}?socket=${origin.server?.path}`;
  await run('qemu-img', ['convert', '-O', 'raw', uri, path]);
  await run('truncate', ['-s', `${sizeGiB * GiB}`, path]);
}

/**
 * The same command line, but for the disk: a raw file where the overlay on the block server's export was. It begins at
 * once, as nobody closes its folder.
 */
function withRawDisk(argv: readonly string[], path: string): readonly string[] {
  const disk = blockNodes(argv).find(({ driver }) => driver === 'qcow2');
  const file = {
    driver: 'file',
    filename: path,
    discard: 'unmap',
    locking: 'auto',
    aio: 'threads',
  };
  const raw = { driver: 'raw', 'node-name': disk?.['node-name'], discard: 'unmap', file };
  return argv.flatMap((value, at) => {
    if (value === '-S') return [];
    const isNode = argv[at - 1] === '-blockdev';
    const isOption = value === '-blockdev';
    if (!(isNode || isOption)) return [value];
    const node = JSON.parse((isNode ? value : argv[at + 1]) ?? '') as BlockNode;
    if (node.driver !== 'qcow2') return [];
    return [isNode ? JSON.stringify(raw) : value];
  });
}

export interface BareGuest extends AsyncDisposable {
  readonly begunAt: number;
  /** Rejects when QEMU ends before it is ended. */
  readonly failure: Promise<never>;
}

/** Runs the command line in the platform's network, from a fresh copy of the image. */
export async function startBareGuest(
  launched: Launched,
  { image, folder }: { image: string; folder: string },
): Promise<BareGuest> {
  const disk = join(folder, 'disk.raw');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await run('cp', ['--sparse=always', image, disk]);
  const argv = withRawDisk(launched.argv, disk);
  const enter = ['netns', 'exec', launched.namespace];
  const begunAt = performance.now();
  const child = spawn('ip', [...enter, ...argv], { cwd: folder, stdio: 'ignore' });
  await once(child, 'spawn');
  const failure = once(child, 'exit').then(([code, signal]): never => {
    throw new Error(`bare QEMU ended: ${signal ?? `exit status ${code}`}`);
  });
  failure.catch(() => {});
  return {
    begunAt,
    failure,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
