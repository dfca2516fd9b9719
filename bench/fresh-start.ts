import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MiB } from '@bakehouse/base';
import { takePublicRange } from '@bakehouse/testkit';
import { type Row, seconds, verdict } from './row.ts';
import { endPlatform, notePlatform, offerBakedFolder } from './scratch-folder.ts';

const run = promisify(execFile);
const goals = { freshMs: 6 * 60_000, againMs: 40_000 };
const root = join(import.meta.dirname, '..');

/** Without what this run's npm has set, so that the clone finds only what it brings. */
function cleanEnvironment(npmCache: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_/.test(name) || /^npm_config_(registry|userconfig)$/.test(name),
  );
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.startsWith(root));
  return { ...Object.fromEntries(kept), PATH: path.join(':'), npm_config_cache: npmCache };
}

interface Checkout {
  readonly clone: string;
  readonly data: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly args: readonly string[];
}

async function cloneCheckout(): Promise<Checkout> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bakehouse-fresh-')));
  const clone = join(folder, 'clone');
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  await run('git', ['clone', '--quiet', root, clone]);
  const publicCidr = ['--public-cidr', (await takePublicRange()).cidr];
  const args = ['start', '--', '--data', data, '--listen', '127.0.0.1:0', ...publicCidr];
  return { clone, data, environment: cleanEnvironment(join(folder, 'npm-cache')), args };
}

interface Start {
  readonly ms: number;
  /** The ssh command that it printed. */
  readonly ssh: string;
}

/** `npm start` until it has logged in and ends; then the command that it printed is tried. */
async function npmStart({ clone, environment, args }: Checkout): Promise<Start> {
  const begun = performance.now();
  const { stdout } = await run('npm', args, { cwd: clone, env: environment, maxBuffer: 16 * MiB });
  const ms = performance.now() - begun;
  const ssh = /^ +(ssh -i .+)$/m.exec(stdout)?.[1];
  if (!ssh) throw new Error(`npm start printed no ssh command:\n${stdout}`);
  await run('sh', ['-c', `${ssh} true`], { cwd: clone });
  return { ms, ssh };
}

/** The instance goes, the image stays; then nothing of the platform runs. */
async function terminateFirst({ clone, data }: Checkout): Promise<void> {
  const cli = join(clone, 'apps', 'cli', 'src', 'main.ts');
  const env = { ...process.env, BAKEHOUSE_DATA: data };
  await run(process.execPath, [cli, 'terminate', 'first-instance'], { env });
  await endPlatform(data);
}

/** i) `npm start` on a fresh clone with an empty data folder, and again with everything in place. */
export async function freshStart(): Promise<readonly Row[]> {
  const checkout = await cloneCheckout();
  notePlatform(checkout.data);
  try {
    const fresh = await npmStart(checkout);
    await terminateFirst(checkout);
    const again = await npmStart(checkout);
    offerBakedFolder(checkout.data);
    return [
      {
        what: 'i) npm start on a fresh clone to the first ssh login',
        measured: seconds(fresh.ms),
        against: seconds(goals.freshMs),
        verdict: verdict(fresh.ms <= goals.freshMs),
        note: 'npm and Debian packages downloaded (npm’s cache and the data folder empty), baked, launched; the host’s own system packages were there',
      },
      {
        what: 'i) npm start with everything in place, platform stopped before, to a new guest’s ssh login',
        measured: seconds(again.ms),
        against: seconds(goals.againMs),
        verdict: verdict(again.ms <= goals.againMs),
        note: 'server, block server and network started again, a new instance of the baked image',
      },
    ];
  } finally {
    // Where the very start failed there is nothing to end, and that failure is the one to tell.
    await endPlatform(checkout.data).catch(() => {});
  }
}
