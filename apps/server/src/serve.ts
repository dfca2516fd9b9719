import { type Logger, randomIds, secondMs, systemClock } from '@bakehouse/base';
import {
  adminOperations,
  type ControlPlane,
  createControlPlane,
  firstAccountId,
  platformAccountId,
  putSeed,
  type SeedRecords,
} from '@bakehouse/control';
import type { MetadataStore } from '@bakehouse/domain';
import { openSqliteMetadataStore } from '@bakehouse/metadata-sql';
import type { Config } from './config.ts';
import { ensureAccounts } from './credentials.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { lockData, writeEndpoint } from './data-lock.ts';
import { readKnownRecords } from './doctor/known-records.ts';
import { leftoversOperation } from './doctor/leftovers-operation.ts';
import { health } from './health.ts';
import { serveAdmin } from './http/admin-service.ts';
import { authenticator, checkRegion } from './http/caller.ts';
import { serveEc2, serveSts } from './http/ec2-service.ts';
import type { Reply } from './http/exchange.ts';
import { type Listener, type Service, startListener } from './http/listener.ts';
import { readSeed } from './seed.ts';
import { startUndo } from './undo-start.ts';
import { qemuPowers, type WiredPowers } from './wiring/qemu-powers.ts';
import { simulatedPowers } from './wiring/simulated-powers.ts';

export interface RunningServer {
  readonly url: string;
  readonly dataDirectory: DataDirectory;
  /** Finishes requests, stops working, and leaves guests and helper processes running. */
  close(): Promise<void>;
}

interface Parts {
  readonly config: Config;
  readonly data: DataDirectory;
  readonly logger: Logger;
  readonly metadata: MetadataStore;
  readonly wired: WiredPowers;
  readonly plane: ControlPlane;
  readonly seed?: SeedRecords;
}

const clock = systemClock;
const closeLimitMs = 10 * secondMs;
const superviseEveryMs = 5 * secondMs;

const json = (value: object): Reply => ({
  status: 200,
  contentType: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

function services({ plane, config, logger, metadata, wired }: Parts): Record<string, Service> {
  const ownOperations = { Leftovers: leftoversOperation(metadata, wired) };
  return {
    async ec2({ signed, caller, requestId }) {
      checkRegion(caller.region, config.regions);
      return await serveEc2(signed, await plane.operationContext(caller, requestId));
    },
    async sts({ signed, caller, requestId }) {
      return serveSts(signed, caller, requestId);
    },
    async bakehouse({ signed, caller, response }) {
      await serveAdmin(signed, response, caller, {
        operatorAccountId: firstAccountId,
        operations: { ...adminOperations, ...ownOperations },
        makeContext: (who, signal) => plane.adminContext(who, signal),
        logger,
      });
      return undefined;
    },
  };
}

/** Registers the images of `--seed` that are not there. */
async function plantSeed({ metadata, seed }: Parts): Promise<void> {
  if (seed) await metadata.write((tx) => putSeed(tx, seed));
}

/** Empties everything but accounts and keys; for test runs, so only with `--auth open`. */
async function reset(parts: Parts): Promise<Reply> {
  await parts.plane.reset();
  await plantSeed(parts);
  return json({ reset: true });
}

async function listenFor(parts: Parts): Promise<Listener> {
  const { config, metadata, logger, wired } = parts;
  return await startListener({
    host: config.host,
    port: config.port,
    ids: randomIds,
    logger,
    authenticate: authenticator({
      auth: config.auth,
      metadata,
      now: () => clock.now(),
      openAccountId: firstAccountId,
    }),
    trusting: config.auth === 'open',
    services: services(parts),
    open: {
      'GET /healthz': async () => json(await health(config, metadata, wired)),
      ...(config.auth === 'open' ? { 'POST /_bakehouse/reset': () => reset(parts) } : {}),
    },
  });
}

async function openParts(config: Config, data: DataDirectory, logger: Logger): Promise<Parts> {
  const seed = config.seedPath ? await readSeed(config.seedPath, clock.now()) : undefined;
  const metadata = await openSqliteMetadataStore({ path: data.metadata, logger });
  const region = config.regions[0] ?? 'us-east-1';
  const { ownerAlias } = config;
  const path = data.credentials;
  await ensureAccounts(metadata, { now: clock.now(), ownerAlias, region, path });
  const wired =
    config.compute === 'simulated'
      ? await simulatedPowers({ clock, metadata })
      : await qemuPowers(config, data, { clock, logger });
  const plane = createControlPlane({
    metadata,
    powers: wired.powers,
    clock,
    ids: randomIds,
    logger,
    settings: {
      regions: config.regions,
      platformAccountId,
      compute: config.compute,
      publicCidr: config.publicCidr,
    },
  });
  return { config, data, logger, metadata, wired, plane, ...(seed ? { seed } : {}) };
}

function superviseLoop({ wired, logger }: Parts, signal: AbortSignal): Promise<void> {
  const next = async () => {
    while (!signal.aborted) {
      await clock.sleep(superviseEveryMs, signal);
      await wired.supervise().catch((error: unknown) => {
        logger.log('error', 'a helper process is missing', { error });
      });
    }
  };
  return next().catch(() => {});
}

/** A view that cannot be swept now is only a leftover: no reason not to serve. */
async function sweepLeftovers({ wired, metadata, logger }: Parts): Promise<void> {
  await wired.sweep(await readKnownRecords(metadata)).catch((error: unknown) => {
    logger.log('warn', 'what interrupted work left could not be swept', { error });
  });
}

/** Opens the data folder, wires adapters to ports, starts the control plane, then the listener. */
export async function serve(config: Config, logger: Logger): Promise<RunningServer> {
  const data = await openDataDirectory(config.dataDirectory);
  await using opened = new AsyncDisposableStack();
  opened.use(await lockData(data));
  let isServing = false;
  if (config.compute === 'qemu') {
    const undo = await startUndo(config, data, { clock, logger });
    opened.defer(async () => {
      if (!isServing) await undo();
    });
  }
  const parts = await openParts(config, data, logger);
  opened.defer(() => parts.metadata.close());
  if (config.compute === 'simulated') {
    logger.log('warn', 'compute is simulated: instances are records without guests');
  }
  await sweepLeftovers(parts);
  await plantSeed(parts);
  await parts.plane.start();
  opened.defer(() => parts.plane.stop());
  const stopping = new AbortController();
  const supervising = superviseLoop(parts, stopping.signal);
  opened.defer(async () => {
    stopping.abort();
    await supervising;
  });
  const listener = await listenFor(parts);
  opened.defer(() => listener.close(closeLimitMs));
  await writeEndpoint(data.endpoint, {
    url: listener.url,
    pid: process.pid,
    compute: config.compute,
  });
  isServing = true;
  const cleanup = opened.move();
  return { url: listener.url, dataDirectory: data, close: () => cleanup.disposeAsync() };
}
