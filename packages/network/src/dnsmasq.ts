import { mkdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import type { Nic } from '@bakehouse/domain';
import {
  type DnsmasqFiles,
  dnsmasqConfig,
  dnsmasqConfigFile,
  dnsmasqLeaseFile,
  dnsmasqPidFile,
  withoutStaleLeases,
} from './dnsmasq-files.ts';
import { NetworkCommandError } from './network-errors.ts';
import type { NetworkNames } from './network-names.ts';
import type { RunCommand } from './run-command.ts';

const exitTimeoutMs = 3_000;
const pollMs = 10;

export interface Dnsmasq {
  /** Starts it when it does not run as it should, else tells it to read these tables. True: it was not there. */
  apply(tables: DnsmasqFiles, nics: readonly Nic[]): Promise<boolean>;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
  /** Its process, when it runs in this namespace. */
  findPid(): Promise<number | undefined>;
}

/** The process that answers DHCP and DNS: a daemon of its own, found again by its pid file. */
export function dnsmasqIn(
  names: NetworkNames,
  { run, clock, enter }: { run: RunCommand; clock: Clock; enter: readonly string[] },
): Dnsmasq {
  const directory = names.runtimeDirectory;
  const path = (file: string) => join(directory, file);

  /** Undefined when the pid is another program's by now. */
  async function findPid(): Promise<number | undefined> {
    const pid = Number((await readIfThere(path(dnsmasqPidFile))) ?? '');
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    const commandLine = (await readIfThere(`/proc/${pid}/cmdline`)) ?? '';
    return commandLine.includes(path(dnsmasqConfigFile)) ? pid : undefined;
  }

  async function livesHere(pid: number): Promise<boolean> {
    const [own, wanted] = await Promise.all([
      readlink(`/proc/${pid}/ns/net`).catch(() => ''),
      stat(names.namespaceFile),
    ]);
    return own === `net:[${wanted.ino}]`;
  }

  async function stop(): Promise<void> {
    const pid = await findPid();
    if (pid === undefined) return;
    signal(pid, 'SIGTERM');
    const deadline = clock.elapsed() + exitTimeoutMs;
    while ((await findPid()) !== undefined) {
      if (clock.elapsed() > deadline) signal(pid, 'SIGKILL');
      await clock.sleep(pollMs);
    }
  }

  /** Written only when it differs; answers whether it did. */
  async function write(file: string, content: string): Promise<boolean> {
    if ((await readIfThere(path(file))) === content) return false;
    await writeFile(path(`${file}.new`), content, { mode: 0o644 });
    await rename(path(`${file}.new`), path(file));
    return true;
  }

  async function start(): Promise<void> {
    await run([...enter, 'dnsmasq', `--conf-file=${path(dnsmasqConfigFile)}`]);
    if ((await findPid()) === undefined) {
      throw new NetworkCommandError('dnsmasq', 'it ended right after its start');
    }
  }

  return {
    findPid,
    async apply(tables, nics) {
      await mkdir(directory, { recursive: true, mode: 0o755 });
      const user = await unprivilegedUser();
      const isReconfigured = await write(dnsmasqConfigFile, dnsmasqConfig(directory, user));
      const written = await Promise.all(
        Object.entries(tables).map(([file, content]) => write(file, content)),
      );
      const leases = withoutStaleLeases((await readIfThere(path(dnsmasqLeaseFile))) ?? '', nics);
      const pid = await findPid();
      const runs = pid !== undefined && (await livesHere(pid));
      if (runs && !isReconfigured && leases === undefined) {
        if (written.includes(true)) signal(pid, 'SIGHUP');
        return false;
      }
      await stop();
      if (leases !== undefined) await writeFile(path(dnsmasqLeaseFile), leases);
      await start();
      return !runs;
    },
    async remove() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** dnsmasq keeps the capabilities that it needs and changes to this user; Debian's package makes it. */
async function unprivilegedUser(): Promise<string> {
  const users = (await readIfThere('/etc/passwd')) ?? '';
  return /^dnsmasq:/m.test(users) ? 'dnsmasq' : 'nobody';
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended by itself.
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
