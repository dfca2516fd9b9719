import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdminResult } from '@bakehouse/admin-api';
import { messageOf, silentLogger, systemClock } from '@bakehouse/base';
import { machineKeeper } from '@bakehouse/compute-qemu';
import { publishedIn } from '@bakehouse/imds';
import { lookIntoSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { checkNetworkHost } from '@bakehouse/network';
import { type Config, UsageError } from '../config.ts';
import { findDataDirectory, nameDataDirectory, shortNameOf } from '../data-directory.ts';
import { lockData } from '../data-lock.ts';
import { checkOwnRecords, checkRecordsPlace } from '../records-place.ts';
import { checkRootless, lowPortCheck } from '../rootless/check-rootless.ts';
import { needsUserNamespace } from '../rootless/enter-user-namespace.ts';
import { qemuAdapters } from '../wiring/qemu-adapters.ts';
import type { Check } from './check.ts';
import { checkData, type DataState, readDataState } from './check-data.ts';
import { checkDoors } from './check-doors.ts';
import { checkGuests } from './check-guests.ts';
import { checkMachine } from './check-machine.ts';
import { checkRecords } from './check-records.ts';
import { checkWork, type ParkedWork } from './check-work.ts';
import { findLeftovers } from './find-leftovers.ts';
import { firewallCheck } from './firewall-check.ts';
import { checkTools } from './host-tools.ts';
import { lookForLeftovers } from './leftovers-operation.ts';

export interface ExamineOptions {
  /** Removes leftovers. */
  readonly fix: boolean;
  /** Asks the server of the data folder for leftovers, as only it can read its records. */
  readonly askServer: () => Promise<AdminResult<'Leftovers'>>;
  /** Asks it for work that waits for an operator. */
  readonly askParkedWork: () => Promise<readonly ParkedWork[]>;
}

/** What a platform without root needs, where this is one, or could be. */
async function rootlessChecks(
  config: Config,
  runtimeDirectory: string,
  isServed: boolean,
): Promise<readonly Check[]> {
  if (config.rootless) {
    return [await lowPortCheck(), ...(await checkDoors(runtimeDirectory, { isServed }))];
  }
  return needsUserNamespace(config) ? await checkRootless(config) : [];
}

async function privilegeCheck(): Promise<Check> {
  const detail = await checkNetworkHost().then(() => undefined, messageOf);
  return detail === undefined
    ? { area: 'network', name: 'rights', status: 'ok', detail: 'may create network namespaces' }
    : {
        area: 'network',
        name: 'rights',
        status: 'fail',
        detail,
        remedy: 'sudo, or what the lines above name; --compute simulated when no guests are needed',
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
          remedy:
            'end the program that listens there, or choose another port: --listen 127.0.0.1:0',
        },
  ];
}

/** Without a server on the folder, this process looks itself and holds the folder's lock meanwhile. */
async function lookWithoutServer(config: Config, fix: boolean): Promise<AdminResult<'Leftovers'>> {
  const data = await findDataDirectory(config);
  await using _lock = await lockData(data);
  if (config.metadataUrl !== undefined) {
    throw new UsageError('only a server reads records in PostgreSQL; start it first');
  }
  await checkRecordsPlace(data, {});
  const logger = silentLogger;
  const metadata = await lookIntoSqliteMetadataStore(data.metadata);
  try {
    await checkOwnRecords(metadata, data);
    const adapters = qemuAdapters(config, data, { clock: systemClock, logger });
    const publisher = publishedIn(data.guestMetadata);
    const { network, volumes } = adapters;
    // There is no block server to ask for maps, and guests are found by their processes.
    const drivers = { keeper: machineKeeper(data.instances), network, publisher, volumes };
    const places = { data, clock: systemClock, network, volumes, drivers };
    return await lookForLeftovers(() => findLeftovers(metadata, places), { fix });
  } finally {
    await metadata.close();
  }
}

function leftoverChecks({ leftovers, removed }: AdminResult<'Leftovers'>): readonly Check[] {
  if (leftovers.length > 0) {
    return leftovers.map(({ kind, name, problem, remedy }) => ({
      area: 'leftovers',
      name: kind,
      status: 'fail',
      detail: `${name}: ${problem}`,
      remedy,
    }));
  }
  const detail = removed > 0 ? `${removed} removed` : 'none';
  return [{ area: 'leftovers', name: 'processes, network, files', status: 'ok', detail }];
}

async function checkLeftovers(
  config: Config,
  state: DataState,
  { fix, askServer }: ExamineOptions,
): Promise<readonly Check[]> {
  if (!state.isMade) return [];
  try {
    if (state.isStandby) {
      throw new UsageError(`process ${state.serverPid} is a standby; only the active server knows`);
    }
    const look = state.serverPid === undefined ? () => lookWithoutServer(config, fix) : askServer;
    return leftoverChecks(await look());
  } catch (error) {
    const detail = `cannot look for them: ${messageOf(error)}`;
    return [{ area: 'leftovers', name: 'leftovers', status: 'warn', detail }];
  }
}

/** Without guests, what only guests need is no failure. */
function forSimulation(check: Check): Check {
  const isForGuests = check.area === 'network' || check.area === 'tools';
  return isForGuests && check.status === 'fail' ? { ...check, status: 'warn' } : check;
}

/** Examines the machine and the platform's folder. Changes nothing there; `fix` removes leftovers. */
export async function examine(config: Config, options: ExamineOptions): Promise<readonly Check[]> {
  const data = await nameDataDirectory(config);
  const { root } = data;
  const state = await readDataState(data);
  const isActive = state.serverPid !== undefined && !state.isStandby;
  const scratchDirectory = await mkdtemp(join(tmpdir(), 'bakehouse-doctor-'));
  try {
    const rights = await privilegeCheck();
    const isPrivileged = rights.status === 'ok';
    const userId = config.rootless?.userId ?? process.getuid?.() ?? 0;
    const machine = { dataDirectory: root, scratchDirectory, isPrivileged, userId };
    const records = state.serverPid === undefined ? await checkRecords(config, data) : [];
    // Nothing may be compared with records that are refused.
    const mayLook = isPrivileged && records.every(({ status }) => status !== 'fail');
    const checks = [
      ...(await checkMachine(machine)),
      ...(await rootlessChecks(config, data.runtime, isActive)),
      ...(await portCheck(config, state)),
      ...(await checkTools()),
      rights,
      ...(isPrivileged && config.outbound && !config.rootless
        ? [await firewallCheck(shortNameOf(root))]
        : []),
      ...(isPrivileged && state.isMade ? await checkGuests(data.instances) : []),
      ...(await checkData(root, state)),
      ...records,
      ...(isActive ? await checkWork(options.askParkedWork) : []),
      ...(mayLook ? await checkLeftovers(config, state, options) : []),
    ];
    return config.compute === 'simulated' ? checks.map(forSimulation) : checks;
  } finally {
    await rm(scratchDirectory, { recursive: true, force: true });
  }
}
