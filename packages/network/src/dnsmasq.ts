import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allEnded, type Clock, secondMs } from '@bakehouse/base';
import type { Nic } from '@bakehouse/domain';
import {
  endProcess,
  findProcesses,
  type HostProcess,
  namespaceOf,
  readProcess,
  readTextIfExists,
  signalProcess,
  statIfExists,
} from '@bakehouse/host';
import {
  type DnsmasqFiles,
  dnsmasqConfig,
  dnsmasqConfigFile,
  dnsmasqLeaseFile,
  dnsmasqPidFile,
  type ServedVpc,
  withoutStaleLeases,
} from './dnsmasq-files.ts';
import { NetworkToolError } from './network-errors.ts';
import type { VpcNames } from './network-names.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

const endGraceMs = 3 * secondMs;

/** The process that serves DHCP and DNS in a VPC: a daemon that outlives this process, found again by its pid file. */
export interface Dnsmasq {
  /** Its process; undefined when it does not run in this namespace. */
  find(): Promise<HostProcess | undefined>;
  /** Makes it serve these tables: starts it when it does not run as it should, else makes it read them again. */
  apply(tables: DnsmasqFiles, vpc: ServedVpc, nics: readonly Nic[]): Promise<void>;
  end(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

export function dnsmasqIn(
  names: Pick<VpcNames, 'namespaceFile' | 'runtimeDirectory'>,
  { run, clock, enter }: { run: RunNetworkCommand; clock: Clock; enter: readonly string[] },
): Dnsmasq {
  const directory = names.runtimeDirectory;
  const path = (file: string) => join(directory, file);

  /** In whatever namespace it runs; undefined when the pid in the file is another program's by now. */
  async function findAnywhere(): Promise<HostProcess | undefined> {
    const pid = Number((await readTextIfExists(path(dnsmasqPidFile))) || Number.NaN);
    const found = await readProcess(pid);
    const isOurs = found?.argv.some((word) => word.includes(path(dnsmasqConfigFile)));
    return isOurs ? found : undefined;
  }

  async function find(): Promise<HostProcess | undefined> {
    const found = await findAnywhere();
    if (found === undefined) return undefined;
    const file = await statIfExists(names.namespaceFile);
    const isInside = file && (await namespaceOf(found.pid, 'net')) === `net:[${file.ino}]`;
    return isInside ? found : undefined;
  }

  /** Also one that a killed control plane was starting, which has no pid file yet. */
  async function stop(): Promise<void> {
    const config = path(dnsmasqConfigFile);
    const found = await findProcesses(({ argv }) => argv.some((word) => word.includes(config)));
    await allEnded(
      found.map((each) => endProcess(each, { what: 'dnsmasq', clock, graceMs: endGraceMs })),
    );
  }

  async function start(): Promise<void> {
    await run([...enter, 'dnsmasq', `--conf-file=${path(dnsmasqConfigFile)}`]);
    if ((await find()) === undefined) {
      throw new NetworkToolError(
        `dnsmasq ended right after its start; try it: dnsmasq --test --conf-file=${path(dnsmasqConfigFile)}`,
      );
    }
  }

  return {
    find,
    async apply(tables, vpc, nics) {
      await makeReadableFolder(directory);
      const config = dnsmasqConfig(directory, await unprivilegedUser(), vpc);
      const isReconfigured = await writeIfChanged(path(dnsmasqConfigFile), config);
      const written = await allEnded(
        Object.entries(tables).map(([file, content]) => writeIfChanged(path(file), content)),
      );
      const leases = (await readTextIfExists(path(dnsmasqLeaseFile))) ?? '';
      const keptLeases = withoutStaleLeases(leases, nics);
      const running = await find();
      if (running && !isReconfigured && keptLeases === undefined) {
        if (written.includes(true)) await signalProcess(running, 'SIGHUP');
        return;
      }
      await stop();
      if (keptLeases !== undefined) await writeFile(path(dnsmasqLeaseFile), keptLeases);
      await start();
    },
    end: stop,
    async remove() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Makes the folder and the one above it, which dnsmasq's own user enters. The mode is set after that: while this
 * process starts a program, its umask is private for a moment, and what is made in that moment would be, too.
 */
async function makeReadableFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const folder of [dirname(path), path]) await chmod(folder, 0o755);
}

/** Writes the file only when its content differs. Returns whether it did. */
async function writeIfChanged(path: string, content: string): Promise<boolean> {
  if ((await readTextIfExists(path)) === content) return false;
  await writeFile(`${path}.new`, content);
  await chmod(`${path}.new`, 0o644);
  await rename(`${path}.new`, path);
  return true;
}

/** The user that dnsmasq changes to, keeping the capabilities that it needs. Debian's package creates it. */
async function unprivilegedUser(): Promise<string> {
  const users = await readFile('/etc/passwd', 'utf8');
  return /^dnsmasq:/m.test(users) ? 'dnsmasq' : 'nobody';
}
