import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allEnded, type Clock, secondMs } from '@bakehouse/base';
import type { Nic } from '@bakehouse/domain';
import {
  endProcess,
  exists,
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
  /** Its namespace is new: where its folder is new, too, none has to be looked for among all processes. */
  expectNone(): void;
  end(): Promise<void>;
  /** Ends it and removes its folder. */
  remove(): Promise<void>;
}

interface DnsmasqOptions {
  readonly run: RunNetworkCommand;
  readonly clock: Clock;
  readonly enter: readonly string[];
}

type DnsmasqPlace = Pick<VpcNames, 'namespaceFile' | 'runtimeDirectory'>;

export function dnsmasqIn(place: DnsmasqPlace, options: DnsmasqOptions): Dnsmasq {
  return new DnsmasqDaemon(place, options);
}

class DnsmasqDaemon implements Dnsmasq {
  readonly #place: DnsmasqPlace;
  readonly #options: DnsmasqOptions;
  /** Whether one may run that has no pid file: a control plane that was killed had begun to start it. */
  #mayBeUnknown = true;
  #isPlaceNew = false;
  /** Whether the process has read the tables that are written. Who wrote them before this object may have been killed. */
  #isRead = false;

  constructor(place: DnsmasqPlace, options: DnsmasqOptions) {
    this.#place = place;
    this.#options = options;
  }

  async find(): Promise<HostProcess | undefined> {
    const found = await this.#findAnywhere();
    if (found === undefined) return undefined;
    const file = await statIfExists(this.#place.namespaceFile);
    const isInside = file && (await namespaceOf(found.pid, 'net')) === `net:[${file.ino}]`;
    return isInside ? found : undefined;
  }

  expectNone(): void {
    this.#isPlaceNew = true;
  }

  async apply(tables: DnsmasqFiles, vpc: ServedVpc, nics: readonly Nic[]): Promise<void> {
    const directory = this.#place.runtimeDirectory;
    if (this.#isPlaceNew && !(await exists(this.#path(dnsmasqConfigFile)))) {
      this.#mayBeUnknown = false;
    }
    await makeReadableFolder(directory);
    const config = dnsmasqConfig(directory, await unprivilegedUser(), vpc);
    const isReconfigured = (await readTextIfExists(this.#path(dnsmasqConfigFile))) !== config;
    if (isReconfigured) {
      // Before it is written: a process that runs is one that has read it.
      await this.end();
      await replaceFile(this.#path(dnsmasqConfigFile), config);
    }
    await allEnded(Object.entries(tables).map(([file, content]) => this.#write(file, content)));
    const leases = (await readTextIfExists(this.#path(dnsmasqLeaseFile))) ?? '';
    const keptLeases = withoutStaleLeases(leases, nics);
    const running = await this.find();
    if (running && !isReconfigured && keptLeases === undefined) {
      if (!this.#isRead) await signalProcess(running, 'SIGHUP');
      this.#isRead = true;
      return;
    }
    await this.end();
    if (keptLeases !== undefined) await writeFile(this.#path(dnsmasqLeaseFile), keptLeases);
    await this.#start();
    this.#isRead = true;
  }

  async end(): Promise<void> {
    const { clock } = this.#options;
    const found = await this.#findAll();
    await allEnded(
      found.map((each) => endProcess(each, { what: 'dnsmasq', clock, graceMs: endGraceMs })),
    );
    this.#mayBeUnknown = false;
  }

  async remove(): Promise<void> {
    await this.end();
    await rm(this.#place.runtimeDirectory, { recursive: true, force: true });
  }

  /** Only when its content differs. */
  async #write(table: string, content: string): Promise<void> {
    const path = this.#path(table);
    if ((await readTextIfExists(path)) === content) return;
    this.#isRead = false;
    await replaceFile(path, content);
  }

  #path(file: string): string {
    return join(this.#place.runtimeDirectory, file);
  }

  async #findAll(): Promise<readonly HostProcess[]> {
    if (this.#mayBeUnknown) {
      const config = this.#path(dnsmasqConfigFile);
      return await findProcesses(({ argv }) => argv.some((word) => word.includes(config)));
    }
    const known = await this.#findAnywhere();
    return known ? [known] : [];
  }

  /** In whatever namespace it runs; undefined when the pid in the file is another program's by now. */
  async #findAnywhere(): Promise<HostProcess | undefined> {
    const text = await readTextIfExists(this.#path(dnsmasqPidFile));
    const found = await readProcess(Number(text || Number.NaN));
    const config = this.#path(dnsmasqConfigFile);
    return found?.argv.some((word) => word.includes(config)) ? found : undefined;
  }

  async #start(): Promise<void> {
    const { run, enter } = this.#options;
    const config = this.#path(dnsmasqConfigFile);
    // It may start and fail to say so.
    this.#mayBeUnknown = true;
    await run([...enter, 'dnsmasq', `--conf-file=${config}`]);
    if ((await this.find()) === undefined) {
      throw new NetworkToolError(
        `dnsmasq ended right after its start; try it: dnsmasq --test --conf-file=${config}`,
      );
    }
    this.#mayBeUnknown = false;
  }
}

/**
 * Makes the folder and the one above it, which dnsmasq's own user enters. The mode is set after that: while this
 * process starts a program, its umask is private for a moment, and what is made in that moment would be, too.
 */
async function makeReadableFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  for (const folder of [dirname(path), path]) await chmod(folder, 0o755);
}

async function replaceFile(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await chmod(`${path}.new`, 0o644);
  await rename(`${path}.new`, path);
}

/** The user that dnsmasq changes to, keeping the capabilities that it needs. Debian's package creates it. */
async function unprivilegedUser(): Promise<string> {
  const users = await readFile('/etc/passwd', 'utf8');
  return /^dnsmasq:/m.test(users) ? 'dnsmasq' : 'nobody';
}
