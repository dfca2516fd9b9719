import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A PostgreSQL server of a test's own, reached by a Unix socket in a folder of its own. */
export interface TestPostgres extends AsyncDisposable {
  /** The folder of its socket, for `createTestDatabase` in another process. */
  readonly folder: string;
  /** Creates an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  /** Runs SQL in a database, by psql; returns what it prints, a line for each row. */
  sql(url: string, text: string): Promise<readonly string[]>;
  /** From now on the role has to give its password; others are let in without one. */
  requirePassword(role: string): Promise<void>;
  /** Ends the server at once, as a crash does, and starts it again. */
  crash(): Promise<void>;
  /** Ends the server in order; until `start` nothing can connect. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL does not run as root: there it gets the user that Debian's package makes. */
async function serverOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await idOf('-u'), gid: await idOf('-g') };
}

/** The folder of Debian's programs of the newest version; they are not on the PATH. */
async function programs(): Promise<string> {
  const parent = '/usr/lib/postgresql';
  const versions = await readdir(parent).catch(() => []);
  const newest = versions.map(Number).sort((a, b) => b - a)[0];
  if (newest === undefined) {
    throw new Error(
      `there is no PostgreSQL in ${parent}: sh scripts/test installs what tests need`,
    );
  }
  return join(parent, String(newest), 'bin');
}

const settings = {
  listen_addresses: '',
  max_connections: '60',
  shared_buffers: '32MB',
  // Checkpoints of many small databases would only load the disk that other tests use, too.
  checkpoint_timeout: '30min',
};
const startLimitMs = 60_000;

async function untilReady(bin: string, folder: string, server: ChildProcess): Promise<void> {
  for (const until = Date.now() + startLimitMs; Date.now() < until; await setTimeout(50)) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    const asked = await run(join(bin, 'pg_isready'), ['-q', '-h', folder]).catch(() => undefined);
    if (asked) return;
  }
  throw new Error(`PostgreSQL did not start within ${startLimitMs} ms`);
}

const urlOf = (folder: string, database: string) =>
  `postgres:///${database}?host=${folder}&user=postgres`;

async function runSql(url: string, text: string): Promise<readonly string[]> {
  const psql = join(await programs(), 'psql');
  const { stdout } = await run(psql, ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', text, url]);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Creates an empty database on the test server with its socket in the folder, and returns its URL. */
export async function createTestDatabase(folder: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await runSql(urlOf(folder, 'postgres'), `CREATE DATABASE ${name}`);
  return urlOf(folder, name);
}

/**
 * Starts a server; disposing ends it and deletes everything. `durable: false` is for tests that crash nothing: they need not
 * wait for the disk.
 */
export async function startPostgres({ durable = true } = {}): Promise<TestPostgres> {
  const bin = await programs();
  const owner = await serverOwner();
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-pg-'));
  if (owner) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const as = owner ? { uid: owner.uid, gid: owner.gid } : {};
  const flags = ['--auth=trust', '-E', 'UTF8', '--no-locale', '--no-instructions'];
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', ...flags], { ...as, cwd: folder });
  let server: ChildProcess | undefined;

  const start = async () => {
    const options = Object.entries({ ...settings, fsync: durable ? 'on' : 'off' }).flatMap(
      ([name, value]) => ['-c', `${name}=${value}`],
    );
    const args = ['-D', data, '-k', folder, ...options];
    server = spawn(join(bin, 'postgres'), args, { ...as, cwd: folder, stdio: 'ignore' });
    await untilReady(bin, folder, server);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    await ended;
  };
  await start();
  return {
    folder,
    start,
    sql: runSql,
    createDatabase: () => createTestDatabase(folder),
    async requirePassword(role) {
      const path = join(data, 'pg_hba.conf');
      const before = await readFile(path, 'utf8');
      await writeFile(path, `local all ${role} scram-sha-256\n${before}`);
      await runSql(urlOf(folder, 'postgres'), 'SELECT pg_reload_conf()');
    },
    async crash() {
      await end('SIGQUIT');
      await start();
    },
    stop: () => end('SIGINT'),
    async [Symbol.asyncDispose]() {
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
