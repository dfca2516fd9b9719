import { availableParallelism, totalmem } from 'node:os';
import { eventsPath } from '@bakehouse/admin-api';
import { withCheckedAnswers } from '@bakehouse/aws-model';
import type { Reply } from '@bakehouse/aws-wire';
import {
  type Clock,
  type Logger,
  minuteMs,
  randomIds,
  secondMs,
  systemClock,
} from '@bakehouse/base';
import { apiError, type HostId, type Lease, type MetadataStore } from '@bakehouse/domain';
import { ec2Api } from '@bakehouse/ec2';
import { firstOpenPort, hostPortOf } from '@bakehouse/network/host-ports';
import {
  adminHandlers,
  type ControlPlane,
  createControlPlane,
  firstAccountId,
  platformAccountId,
  putSeed,
  type SeedRecords,
  widthsFor,
} from '@bakehouse/orchestration';
import { ssmApi } from '@bakehouse/ssm';
import { stsApi } from '@bakehouse/sts';
import type { Config } from './config.ts';
import { ensureAccounts } from './credentials.ts';
import type { DataDirectory } from './data-directory.ts';
import { lockData, writeEndpoint } from './data-lock.ts';
import { leftoversHandler } from './doctor/leftovers-operation.ts';
import { folderIdOf } from './folder-id.ts';
import { health } from './health.ts';
import { serveAdmin } from './http/admin-service.ts';
import { apiService } from './http/api-service.ts';
import { authenticator, checkRegion } from './http/caller.ts';
import { eventService } from './http/event-service.ts';
import type { ListenerOptions, Service } from './http/listener.ts';
import { openSecretBox, type PlatformSecrets } from './parameter-key.ts';
import { checkRecordsPlace, claimRecords } from './records-place.ts';
import { reserveIn } from './reserve.ts';
import { recordNamespaces } from './rootless/record-namespaces.ts';
import { readSeed } from './seed.ts';
import { startUndo } from './undo-start.ts';
import { type WiredDrivers, wireQemuDrivers } from './wiring/qemu-drivers.ts';
import { wireSimulatedDrivers } from './wiring/simulated-drivers.ts';

interface Parts {
  readonly config: Config;
  readonly data: DataDirectory;
  readonly logger: Logger;
  readonly metadata: MetadataStore;
  readonly wired: WiredDrivers;
  readonly plane: ControlPlane;
  readonly secrets: PlatformSecrets;
  readonly seed?: SeedRecords;
}

const clock = systemClock;
/** What a stop waits for requests, and for work that may never end. */
export const closeLimitMs = 10 * secondMs;
const superviseEveryMs = 5 * secondMs;
/** How long an operator's call waits for the end of a start. Its heartbeats keep the client waiting. */
const operatorWaitMs = 2 * minuteMs;

/** Makes the drivers that a configuration asks for. */
export type WireDrivers = (
  config: Config,
  data: DataDirectory,
  parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly metadata: MetadataStore;
    /** The host that the drivers are of. */
    readonly hostId: HostId;
  },
) => Promise<WiredDrivers>;

const wireConfigured: WireDrivers = (config, data, parts) =>
  config.compute === 'simulated'
    ? wireSimulatedDrivers(parts)
    : wireQemuDrivers(config, data, parts);

export const json = (value: object): Reply => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: `${JSON.stringify(value)}\n`,
});

function services(
  { plane, config, logger, metadata, wired, secrets }: Parts,
  closing: AbortSignal,
): Record<string, Service> {
  const serveEvents = eventService({ events: plane.events, stopping: closing });
  const checked = config.checkAnswers ? withCheckedAnswers : <Api>(api: Api) => api;
  const look = () => wired.leftovers(metadata);
  const handlers = { ...adminHandlers, Leftovers: leftoversHandler(look) };
  return {
    ec2: apiService(checked(ec2Api), async (caller, requestId) => {
      checkRegion(caller.region, config.regions);
      return plane.operationContext(caller, requestId);
    }),
    ssm: apiService(checked(ssmApi), async (caller, requestId) => {
      checkRegion(caller.region, config.regions);
      return { ...(await plane.operationContext(caller, requestId)), secrets };
    }),
    sts: apiService(checked(stsApi), async (caller) => caller),
    async bakehouse(request) {
      const { method, path } = request.head;
      if (method === 'GET' && path === eventsPath) await serveEvents(request);
      else
        await serveAdmin(request, {
          operatorAccountId: firstAccountId,
          handlers,
          async makeContext(who, signal) {
            await plane.startup.need('work', operatorWaitMs);
            return plane.adminContext(who, AbortSignal.any([signal, closing]));
          },
          logger,
        });
      return undefined;
    },
  };
}

const seedWarnings = {
  leftOut: 'images of the seed file are left out: kernels, for Macs, or not available',
  kept: 'images are kept as they are and differ from the seed file; to have those of the file, use another data folder, or POST /_bakehouse/reset with --auth open',
} as const;

/** Registers the images of `--seed` that are missing. */
async function registerSeed({ plane, seed, logger }: Parts): Promise<void> {
  if (!seed) return;
  const warnOf = (why: keyof typeof seedWarnings, ids: readonly string[]) => {
    if (ids.length === 0) return;
    logger.log('warn', seedWarnings[why], { count: ids.length, imageIds: ids.slice(0, 10) });
  };
  warnOf('leftOut', seed.leftOut);
  warnOf('kept', await plane.engine.write((tx) => putSeed(tx, seed)));
}

/** Empties everything but accounts and keys; for test runs, so only with `--auth open`. */
async function reset(parts: Parts): Promise<Reply> {
  await parts.plane.startup.need('work');
  await parts.plane.reset();
  await registerSeed(parts);
  return json({ reset: true });
}

/** What a listener needs to answer requests. */
export type Served = Pick<ListenerOptions, 'authenticate' | 'services' | 'open'>;

function servedBy(parts: Parts, status: () => object, closing: AbortSignal): Served {
  const { config, metadata } = parts;
  return {
    authenticate: authenticator({
      auth: config.auth,
      metadata,
      now: () => clock.now(),
      openAccountId: firstAccountId,
      regions: config.regions,
    }),
    services: services(parts, closing),
    open: {
      'GET /healthz': async () => json({ ...(await health(config, parts)), ...status() }),
      ...(config.auth === 'open' ? { 'POST /_bakehouse/reset': () => reset(parts) } : {}),
    },
  };
}

async function openParts(
  { config, data, logger, wire = wireConfigured }: PlatformOptions,
  { metadata, lease }: OpenedStore,
  hostId: HostId,
): Promise<Parts> {
  const seed = config.seedPath ? await readSeed(config.seedPath, clock.now()) : undefined;
  const region = config.regions[0] ?? 'us-east-1';
  const { ownerAlias } = config;
  const path = data.credentials;
  await ensureAccounts(metadata, { now: clock.now(), ownerAlias, region, path });
  const secrets = await openSecretBox({ path: data.parameterKey, metadata, logger });
  const wired = await wire(config, data, { clock, logger, metadata, hostId });
  const plane = createControlPlane({
    metadata,
    drivers: wired.drivers,
    async openHost() {
      await wired.open();
      await sweepLeftovers(wired, metadata, logger);
    },
    clock,
    ids: randomIds,
    logger,
    ...(lease ? { lease } : {}),
    widths: {
      ...widthsFor({ cores: availableParallelism(), memoryBytes: totalmem() }),
      ...config.widths,
    },
    settings: {
      regions: config.regions,
      platformAccountId,
      hostId,
      compute: config.compute,
      publicCidr: config.publicCidr,
    },
  });
  return { config, data, logger, metadata, wired, plane, secrets, ...(seed ? { seed } : {}) };
}

/** A view that cannot be swept now is only a leftover: no reason not to start. */
async function sweepLeftovers(
  wired: WiredDrivers,
  metadata: MetadataStore,
  logger: Logger,
): Promise<void> {
  await wired.sweep(metadata).catch((error: unknown) => {
    logger.log('warn', 'what interrupted work left could not be swept', { error });
  });
}

/** Repairs what the platform needs of its host, until `signal` is aborted. */
async function supervise({ wired, data, logger }: Parts, signal: AbortSignal): Promise<void> {
  const reserve = reserveIn({ folder: data.reserve, logger });
  while (!signal.aborted) {
    await clock.sleep(superviseEveryMs, signal).catch(() => {});
    if (signal.aborted) return;
    await wired.supervise().catch((error: unknown) => {
      logger.log('error', 'the host cannot be repaired: guests may be out of reach', { error });
    });
    await reserve.refill().catch((error: unknown) => {
      logger.log('warn', 'no room can be reserved for a start on a full disk', { error });
    });
  }
}

/** Waits for what may never end, but not for longer than a stop may take. */
async function orLimit(work: Promise<unknown>): Promise<void> {
  const limit = new AbortController();
  await Promise.race([work, clock.sleep(closeLimitMs, limit.signal).catch(() => {})]);
  limit.abort();
}

interface Starting {
  readonly ready: Promise<void>;
  /** By itself, not because it was stopped. */
  hasFailed(): boolean;
  stop(): Promise<void>;
}

/** Starts the control plane behind the API, which is served already, and watches over the host from then on. */
function startPlane(parts: Parts): Starting {
  const stopping = new AbortController();
  let failed = false;
  const ready = parts.plane.start();
  const supervising = ready.then(
    () => supervise(parts, stopping.signal),
    () => {
      failed = !stopping.signal.aborted;
    },
  );
  return {
    ready,
    hasFailed: () => failed,
    async stop() {
      stopping.abort();
      // A start that hangs is left behind, as by a kill: the next one finds what it has done.
      await orLimit(supervising);
    },
  };
}

/** The records, and the right to work on them where several servers may have it. */
export interface OpenedStore {
  readonly metadata: MetadataStore;
  readonly lease?: Lease;
}

export interface PlatformOptions {
  readonly config: Config;
  readonly data: DataDirectory;
  readonly logger: Logger;
  /** In place of the drivers that the configuration asks for: for tests. */
  readonly wire?: WireDrivers;
  /** What healthz says of this server beside the platform's health. */
  readonly status?: () => object;
  /** In place of `lockData`, which refuses a folder that another process serves. */
  readonly lock?: (data: DataDirectory) => Promise<AsyncDisposable>;
}

export interface Platform extends AsyncDisposable, Served {
  /** Puts the host in order and lets work continue. Call it once, with the URL where requests are taken. */
  start(url: string): Promise<void>;
  /** Ends streams of events and calls that wait, which would keep a listener open. */
  endLongReplies(): void;
}

/**
 * The platform of a data folder, which no other process serves meanwhile. `openStore` gets the folder's host. Requests
 * may be served as soon as the platform is open. Disposing stops work and leaves guests and helper processes running;
 * after a start that failed, what it added to the host is removed.
 */
export async function openPlatform(
  options: PlatformOptions,
  openStore: (hostId: HostId) => Promise<OpenedStore>,
): Promise<Platform> {
  const { config, data, logger, status = () => ({}), lock = lockData } = options;
  await using opened = new AsyncDisposableStack();
  opened.use(await lock(data));
  // Once more: a server that had the folder until now may have brought records.
  await checkRecordsPlace(data, config);
  let hasFailed = () => true;
  if (config.compute === 'qemu') {
    if (config.rootless) await recordNamespaces(data);
    const undo = await startUndo(config, data, { clock, logger });
    opened.defer(async () => {
      if (hasFailed()) await undo();
    });
  }
  const { hostId } = await folderIdOf(data);
  const store = await openStore(hostId);
  opened.defer(() => store.metadata.close());
  const parts = await openParts(options, store, await claimRecords(store.metadata, config, data));
  if (config.compute === 'simulated') {
    logger.log('warn', 'compute is simulated: instances are records without guests');
  }
  await registerSeed(parts);
  opened.defer(() => parts.wired.close());
  opened.defer(() => parts.plane.stop());
  let starting: Starting | undefined;
  opened.defer(async () => starting?.stop());
  const closing = new AbortController();
  const cleanup = opened.move();
  return {
    ...servedBy(parts, status, closing.signal),
    async start(url) {
      await writeEndpoint(data.endpoint, {
        ...{ url, pid: process.pid, compute: config.compute },
        ...(config.rootless && { sshPort: hostPortOf(22, await firstOpenPort()) }),
      });
      starting = startPlane(parts);
      ({ hasFailed } = starting);
      await starting.ready;
    },
    endLongReplies: () =>
      closing.abort(apiError('Unavailable', { message: 'The server is stopping' })),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}
