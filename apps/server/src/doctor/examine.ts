import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import { createMetadataPublisher } from '@bakehouse/imds';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sql';
import { checkNetworkHost } from '@bakehouse/network';
import type { Config } from '../config.ts';
import { openDataDirectory, shortNameOf } from '../data-directory.ts';
import { lockData } from '../data-lock.ts';
import { qemuAdapters } from '../wiring/qemu-adapters.ts';
import type { Check } from './check.ts';
import { checkData, type DataState, readDataState } from './check-data.ts';
import { checkMachine } from './check-machine.ts';
import { findLeftovers } from './find-leftovers.ts';
import { firewallCheck } from './firewall-check.ts';
import { checkTools } from './host-tools.ts';
import { readKnownRecords } from './known-records.ts';
import { type LeftoversResult, lookForLeftovers } from './leftovers-operation.ts';

export interface ExamineOptions {
  /** Ends and removes leftovers. */
  readonly fix: boolean;
  /** Asks the server that has the data folder for leftovers: it alone can read its records. */
  readonly askServer: () => Promise<LeftoversResult>;
}

const words = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function privilegeCheck(): Promise<Check> {
  const detail = await checkNetworkHost().then(() => undefined, words);
  return detail === undefined
    ? { area: 'network', name: 'rights', status: 'ok', detail: 'may make network namespaces' }
    : {
        area: 'network',
        name: 'rights',
        status: 'fail',
        detail,
        remedy: 'sudo, or --compute simulated where no guests are needed',
      };
}

function canListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.message));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

async function portCheck({ host, port }: Config, state: DataState): Promise<readonly Check[]> {
  if (state.serverPid !== undefined) return [];
  const where = `${host}:${port}`;
  const problem = await canListen(host, port);
  return [
    problem === undefined
      ? { area: 'machine', name: 'port', status: 'ok', detail: `${where} is free` }
      : {
          area: 'machine',
          name: 'port',
          status: 'fail',
          detail: problem,
          remedy: 'end what listens there, or choose another: --listen 127.0.0.1:0',
        },
  ];
}

/** With no server on the folder, this process looks itself, and holds the folder's lock meanwhile. */
async function lookWithoutServer(config: Config, fix: boolean): Promise<LeftoversResult> {
  const data = await openDataDirectory(config.dataDirectory);
  await using _lock = await lockData(data);
  const logger = silentLogger;
  const metadata = await openSqliteMetadataStore({ path: data.metadata, logger });
  try {
    const adapters = qemuAdapters(config, data, { clock: systemClock, logger });
    const publisher = await createMetadataPublisher({ directory: data.guestMetadata });
    const readKnown = () => readKnownRecords(metadata);
    return await lookForLeftovers(
      () => findLeftovers(readKnown, { data, publisher, ...adapters }),
      { fix },
    );
  } finally {
    await metadata.close();
  }
}

export function leftoverChecks({ leftovers, mended }: LeftoversResult): readonly Check[] {
  if (leftovers.length > 0) {
    return leftovers.map(({ kind, name, problem, remedy }) => ({
      area: 'leftovers',
      name: kind,
      status: 'fail',
      detail: `${name}: ${problem}`,
      remedy,
    }));
  }
  const detail = mended > 0 ? `${mended} removed` : 'none';
  return [{ area: 'leftovers', name: 'processes, network, files', status: 'ok', detail }];
}

async function checkLeftovers(
  config: Config,
  state: DataState,
  { fix, askServer }: ExamineOptions,
): Promise<readonly Check[]> {
  if (!state.isMade) return [];
  try {
    const look = state.serverPid === undefined ? () => lookWithoutServer(config, fix) : askServer;
    return leftoverChecks(await look());
  } catch (error) {
    const detail = `could not be looked for: ${words(error)}`;
    return [{ area: 'leftovers', name: 'leftovers', status: 'warn', detail }];
  }
}

/** What only guests need is no failure where there are to be none. */
function forSimulation(check: Check): Check {
  const isForGuests = check.area === 'network' || check.area === 'tools';
  return isForGuests && check.status === 'fail' ? { ...check, status: 'warn' } : check;
}

/** Examines the machine and the platform's folder; changes nothing unless told to `fix`. */
export async function examine(config: Config, options: ExamineOptions): Promise<readonly Check[]> {
  const root = await realpath(config.dataDirectory).catch(() => config.dataDirectory);
  const state = await readDataState(root);
  const scratchDirectory = await mkdtemp(join(tmpdir(), 'bakehouse-doctor-'));
  try {
    const rights = await privilegeCheck();
    const isPrivileged = rights.status === 'ok';
    const machine = { dataDirectory: root, scratchDirectory, isPrivileged };
    const checks = [
      ...(await checkMachine(machine)),
      ...(await portCheck(config, state)),
      ...(await checkTools()),
      rights,
      ...(isPrivileged && config.outbound ? [await firewallCheck(shortNameOf(root))] : []),
      ...(await checkData(root, state)),
      ...(isPrivileged ? await checkLeftovers(config, state, options) : []),
    ];
    return config.compute === 'simulated' ? checks.map(forSimulation) : checks;
  } finally {
    await rm(scratchDirectory, { recursive: true, force: true });
  }
}
