import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The temporary folder of this run: what measurements leave in it goes with it, also when the run is interrupted. */
export async function openScratchFolder(): Promise<AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-bench-')));
  process.env.TMPDIR = path;
  const remove = () => rm(path, { recursive: true, force: true });
  const interrupt = async () => {
    process.stderr.write('interrupted; ending what was started …\n');
    await Promise.allSettled([...platforms].map(endPlatform));
    await remove();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupt());
  return { [Symbol.asyncDispose]: remove };
}

/** Data folders of platforms that may have something on the host. */
const platforms = new Set<string>();

/** To be called before a platform is started, for when the run is interrupted. */
export function notePlatform(dataDirectory: string): void {
  platforms.add(dataDirectory);
}

let baked: string | undefined;

/**
 * The data folder that measurements with guests share, so that only one of them bakes: BAKEHOUSE_BENCH_DATA,
 * which is kept, or one that goes at the end of the run.
 */
export async function bakedFolder(): Promise<string> {
  const kept = process.env.BAKEHOUSE_BENCH_DATA;
  baked ??= kept ?? (await mkdtemp(join(tmpdir(), 'bakehouse-baked-')));
  await mkdir(baked, { recursive: true, mode: 0o700 });
  return await realpath(baked);
}

/** A measurement that baked hands its folder on to those after it. */
export function offerBakedFolder(path: string): void {
  if (!process.env.BAKEHOUSE_BENCH_DATA) baked ??= path;
}

const cli = join(import.meta.dirname, '..', 'apps', 'cli', 'src', 'main.ts');

/** Ends all that a platform has on the host: guests, helpers, network. Its data stays. */
export async function endPlatform(dataDirectory: string): Promise<void> {
  const args = [cli, 'down', '--destroy', '--yes', '--data', dataDirectory];
  await promisify(execFile)(process.execPath, args);
  platforms.delete(dataDirectory);
}
