import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const repository = resolve(import.meta.dirname, '../../..');

/** A host of its own, as distributions make them, with an ordinary user and an outside: all of it namespaces. */
export interface OrdinaryUser {
  /** The argv prefix that runs a program as the user, and becomes it by exec. */
  readonly enter: readonly string[];
  readonly home: string;
  readonly name: string;
  /** A path of this repository, as the user has it. */
  path(ours: string): string;
  /** The host's address towards the outside. */
  readonly hostAddress: string;
  /** Another address of the host, as the bridge of a container engine is. */
  readonly innerAddress: string;
  readonly outside: { readonly enter: readonly string[]; readonly address: string };
  /** Ends the user's processes, and removes the rest. */
  dispose(): Promise<void>;
}

export interface UserOptions {
  /** What the host lacks: subordinate ids, or a /dev/net/tun that is open to users. */
  readonly without?: readonly ('ids' | 'tun')[];
}

const name = 'ordinary';
const subordinateIds = 65_536;
/** Of ids that no account has. */
const blocks = { first: 1_500_000_000, size: 100_000, count: 1000 };
const endLimitMs = 20_000;
const pollMs = 50;
const hostAddress = '203.0.113.2';
const innerAddress = '198.51.100.1';
const outsideAddress = '203.0.113.1';

/** Programs that a host must have for this. */
export async function missingForOrdinaryUser(): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return ['root'];
  const names = ['newuidmap', 'pasta'];
  const found = await Promise.all(
    names.map((each) =>
      execute('sh', ['-c', 'command -v "$0"', each]).then(
        () => true,
        () => false,
      ),
    ),
  );
  return names.filter((_, index) => !found[index]);
}

/** Puts the user's host together in mounts of its own, and becomes a program of the user there. */
const becomeUser = `cd "$1"; netns=$2; id=$3; shift 3
for file in passwd group subuid subgid resolv.conf; do mount --bind "etc/$file" "/etc/$file"; done
[ ! -e tun ] || mount --bind tun /dev/net/tun
mount --bind ${repository} repository
cd home
exec nsenter --net=/run/netns/$netns -- setpriv --reuid=$id --regid=$id --clear-groups \
  --inh-caps=-all --ambient-caps=-all -- env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$PWD" TMPDIR="$PWD" "$@"`;

export async function ordinaryUser({ without = [] }: UserOptions = {}): Promise<OrdinaryUser> {
  const tag = randomBytes(3).toString('hex');
  const { id, claim } = await takeIds();
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-user-'));
  await chmod(folder, 0o711);
  const home = join(folder, 'home');
  for (const each of ['etc', 'repository', 'home'])
    await mkdir(join(folder, each), { mode: 0o755 });
  await chown(home, id, id);
  await writeAccounts(join(folder, 'etc'), id, without.includes('ids'));
  const tun = ['mknod', '-m', without.includes('tun') ? '0600' : '0666', join(folder, 'tun')];
  await run([...tun, 'c', '10', '200']);
  const names = { host: `bhu-${tag}-host`, outside: `bhu-${tag}-out` };
  await makeNetworks(names);
  return {
    enter: [
      ...['unshare', '--mount', '--propagation', 'private', '--'],
      ...['sh', '-ec', becomeUser, 'sh', folder, names.host, `${id}`],
    ],
    home,
    name,
    path: (ours) => ours.replace(repository, join(folder, 'repository')),
    hostAddress,
    innerAddress,
    outside: {
      enter: ['nsenter', `--net=/run/netns/${names.outside}`, '--'],
      address: outsideAddress,
    },
    async dispose() {
      await endProcessesOf({ first: id, last: id + subordinateIds });
      for (const each of Object.values(names)) await run(['ip', 'netns', 'delete', each]);
      await rm(folder, { recursive: true, force: true });
      await claim[Symbol.asyncDispose]();
    },
  };
}

/** Ids of a user that no other test has: they are held by a socket, so that they are free again whatever ends its process. */
async function takeIds(): Promise<{ readonly id: number; readonly claim: Server }> {
  const { first, size, count } = blocks;
  const start = randomInt(count);
  for (let step = 0; step < count; step += 1) {
    const id = first + ((start + step) % count) * size;
    const claim = createServer().listen(`\0bakehouse-test-user-${id}`).unref();
    try {
      await once(claim, 'listening');
      return { id, claim };
    } catch (error) {
      if (!hasCode(error, 'EADDRINUSE')) throw error;
    }
  }
  throw new Error('no user ids are free for a test');
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function writeAccounts(etc: string, id: number, isWithoutIds: boolean): Promise<void> {
  const ids = isWithoutIds ? '' : `${name}:${id + 1}:${subordinateIds}\n`;
  const accounts = await readFile('/etc/passwd', 'utf8');
  const groups = await readFile('/etc/group', 'utf8');
  const files = {
    passwd: `${accounts}${name}:x:${id}:${id}::/nonexistent:/bin/sh\n`,
    group: `${groups}${name}:x:${id}:\n`,
    subuid: ids,
    subgid: ids,
    'resolv.conf': `nameserver ${outsideAddress}\n`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(join(etc, file), text);
}

async function makeNetworks({ host, outside }: { host: string; outside: string }): Promise<void> {
  for (const each of [host, outside]) await run(['ip', 'netns', 'add', each]);
  const peer = ['peer', 'name', 'eth0', 'netns', outside];
  await run(['ip', '-n', host, 'link', 'add', 'eth0', 'type', 'veth', ...peer]);
  for (const [each, address] of [
    [host, hostAddress],
    [outside, outsideAddress],
  ] as const) {
    await run(['ip', '-n', each, 'address', 'add', `${address}/24`, 'dev', 'eth0']);
    for (const link of ['lo', 'eth0']) await run(['ip', '-n', each, 'link', 'set', link, 'up']);
  }
  await run(['ip', '-n', host, 'address', 'add', `${innerAddress}/32`, 'dev', 'lo']);
  await run(['ip', '-n', host, 'route', 'add', 'default', 'via', outsideAddress]);
}

/** What a test that failed has left. Resolves when all of it has ended. */
async function endProcessesOf(ids: { first: number; last: number }): Promise<void> {
  for (const endsAt = Date.now() + endLimitMs; ; await setTimeout(pollMs)) {
    const pids = await processesOf(ids);
    if (pids.length === 0) return;
    if (Date.now() > endsAt) throw new Error(`processes ${pids.join(', ')} of a test do not end`);
    for (const pid of pids) kill(pid);
  }
}

async function processesOf({ first, last }: { first: number; last: number }): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((each) => /^\d+$/.test(each)).map(Number)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const id = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    const hasEnded = /^State:\s+[ZX]/m.test(status);
    if (id >= first && id <= last && !hasEnded) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

async function run([program = '', ...args]: readonly string[]): Promise<void> {
  await execute(program, args);
}
