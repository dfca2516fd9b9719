import type { IncomingMessage } from 'node:http';
import { type Logger, randomIds, systemClock } from '@bakehouse/base';
import type { Lease } from '@bakehouse/domain';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import type { Config } from './config.ts';
import { type DataDirectory, nameDataDirectory, openDataDirectory } from './data-directory.ts';
import { lockDataWhenFree } from './data-lock.ts';
import { standbyHealth } from './health.ts';
import { type Divert, type Listener, startListener } from './http/listener.ts';
import { Leadership } from './leadership/leadership.ts';
import {
  closeLimitMs,
  json,
  openPlatform,
  type Platform,
  type PlatformOptions,
  type Served,
  type WireDrivers,
} from './platform.ts';
import { checkNewFolder, checkRecordsPlace } from './records-place.ts';
import { reserveIn } from './reserve.ts';
import { noteServer } from './sharing-servers.ts';

export interface RunningServer {
  readonly url: string;
  readonly dataDirectory: DataDirectory;
  /**
   * Resolves when the host is in order and work continues, or when this server is a standby. Rejects when the
   * platform cannot work on this host: then close the server.
   */
  readonly ready: Promise<void>;
  /**
   * Rejects when the server can no longer do its work: its turn as the active server ended, or never began. Others of
   * the platform continue. The process should end, and start again as a standby.
   */
  readonly failed: Promise<never>;
  /**
   * Finishes requests, stops working, and leaves guests and helper processes running. After a start that failed,
   * what it added to the host is removed.
   */
  close(): Promise<void>;
}

/** Another server is, or may be, the active one; what was begun here continues there. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

const clock = systemClock;
const never = new Promise<never>(() => {});

/** Starts the listener; what requests are served by is looked up for each. */
function listen(
  { config, logger }: PlatformOptions,
  served: () => Served,
  divert?: Divert,
): Promise<Listener> {
  return startListener({
    host: config.host,
    port: config.port,
    ids: randomIds,
    logger,
    trusting: config.auth === 'open',
    get authenticate() {
      return served().authenticate;
    },
    get services() {
      return served().services;
    },
    get open() {
      return served().open;
    },
    ...(divert ? { divert } : {}),
  });
}

/** The only server of its records, which are in the data folder. */
async function serveAlone(options: PlatformOptions): Promise<RunningServer> {
  const { data, logger } = options;
  await using opened = new AsyncDisposableStack();
  const platform = opened.use(
    await openPlatform(options, async (hostId) => ({
      metadata: await openSqliteMetadataStore({ path: data.metadata, logger, hostId }),
    })),
  );
  const listener = await listen(options, () => platform);
  opened.defer(async () => {
    platform.endLongReplies();
    await listener.close(closeLimitMs);
  });
  const ready = platform.start(listener.url);
  ready.catch(() => {});
  const cleanup = opened.move();
  return {
    url: listener.url,
    dataDirectory: data,
    ready,
    failed: never,
    close: () => cleanup.disposeAsync(),
  };
}

/** What a standby does not forward. */
const standby = (status: () => object): Served => ({
  authenticate: () => Promise.reject(new Error('a standby authenticates nobody')),
  services: {},
  open: { 'GET /healthz': async () => json(status()) },
});

const isHealth = ({ method, url }: IncomingMessage) => method === 'GET' && url === '/healthz';

/** One of the servers that share a database: the active one, or a standby. */
async function serveInTurn(options: PlatformOptions, url: string): Promise<RunningServer> {
  const { config, data, logger } = options;
  await using opened = new AsyncDisposableStack();
  opened.use(await noteServer(data));
  // Loaded only here: most platforms are without it.
  const { openPostgresPlatform } = await import('@bakehouse/metadata-postgres');
  const postgres = await openPostgresPlatform({ url, logger });
  const leadership = new Leadership({ platform: postgres, clock, logger });
  const status = () => leadership.status;
  const idle = standby(() => standbyHealth(config, status()));
  let platform: Platform | undefined;
  const listener = await listen(
    options,
    () => platform ?? idle,
    (request, response) => (isHealth(request) ? undefined : leadership.divert(request, response)),
  );
  const takeTurn = async (signal: AbortSignal, turn: AsyncDisposableStack) => {
    const { lease, first } = await leadership.elected(config.advertised ?? listener.url, signal);
    turn.defer(() => lease.release());
    const lock = lockInTurn(logger, AbortSignal.any([signal, lease.lost]));
    const opening = openPlatform({ ...options, status, lock }, async (hostId) => ({
      metadata: await postgres.openActive({ lease, first }, { hostId }),
      lease,
    }));
    platform = turn.use(
      await opening.catch((error: unknown) => {
        throw lease.lost.aborted && !signal.aborted ? leaseLost(lease) : error;
      }),
    );
    leadership.activate(lease);
    const working = platform.start(listener.url);
    working.catch(() => {});
    return { lease, working };
  };
  const stopping = new AbortController();
  const turn = opened.use(new AsyncDisposableStack());
  const begun = takeTurn(stopping.signal, turn);
  opened.defer(async () => {
    stopping.abort(new Error('the server stops'));
    platform?.endLongReplies();
    await listener.close(closeLimitMs);
    await begun.catch(() => {});
  });
  const working = begun.then((active) => active.working);
  const isStandby = leadership.isStandby(stopping.signal);
  const ready = Promise.race([
    working,
    isStandby.then((standby) => (standby ? undefined : working)),
  ]);
  const failed = Promise.all([
    working,
    begun.then(({ lease }) => endOf(lease, stopping.signal)),
  ]).then(() => never);
  for (const each of [ready, failed]) each.catch(() => {});
  const cleanup = opened.move();
  return {
    url: listener.url,
    dataDirectory: data,
    ready,
    failed,
    close: () => cleanup.disposeAsync(),
  };
}

/** The active server before may still have the folder: one that was paused ends when it goes on. */
const lockInTurn = (logger: Logger, signal: AbortSignal) => (data: DataDirectory) =>
  lockDataWhenFree(data, signal, (holder) => {
    const { pid } = holder ?? {};
    const message =
      'this server is elected, and waits until another process leaves the data folder';
    logger.log('warn', message, { folder: data.root, ...(pid === undefined ? {} : { pid }) });
  });

function leaseLost({ lost }: Lease): LeaseLostError {
  const { message } = lost.reason as Error;
  return new LeaseLostError(`this server is no longer the active one: ${message}; start it again`);
}

/** Rejects when the lease is lost, but not when the server is stopped. */
function endOf(lease: Lease, stopping: AbortSignal): Promise<never> {
  const { lost } = lease;
  return new Promise((_, reject) => {
    const onLost = () => {
      if (!stopping.aborted) reject(leaseLost(lease));
    };
    if (lost.aborted) onLost();
    else lost.addEventListener('abort', onLost);
  });
}

/**
 * Serves the API as soon as the records can be read; the host is put in order behind it. Requests that need what is not
 * ready wait for it. With records in PostgreSQL, requests go to the active server while this one is a standby.
 */
export async function serve(
  config: Config,
  logger: Logger,
  wire?: WireDrivers,
): Promise<RunningServer> {
  await reserveIn({ folder: (await nameDataDirectory(config)).reserve, logger }).makeRoom();
  await checkNewFolder(config);
  const data = await openDataDirectory(config);
  await checkRecordsPlace(data, config);
  const options = { config, data, logger, ...(wire ? { wire } : {}) };
  const { metadataUrl } = config;
  return metadataUrl === undefined ? serveAlone(options) : serveInTurn(options, metadataUrl);
}
