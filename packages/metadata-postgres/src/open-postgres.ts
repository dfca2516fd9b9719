import { type Logger, MiB, messageOf, secondMs, silentLogger } from '@bakehouse/base';
import type { MetadataStore, MigrationFacts } from '@bakehouse/domain';
import { MetadataStoreError, RecordStore } from '@bakehouse/record-store';
import { ActiveDatabase } from './active-database.ts';
import {
  bringUpToDate,
  type MigrationOptions,
  prepareCoordination,
  whilePreparing,
} from './bring-up-to-date.ts';
import { Candidate, type Elected } from './candidate.ts';
import { type DatabaseUrl, readDatabaseUrl } from './database-url.ts';
import { type Limits, PostgresClient, usualSessionMs } from './postgres-client.ts';
import {
  canPass,
  canPassAtStart,
  databaseError,
  isRefused,
  isWithoutSession,
  overtakenError,
} from './postgres-errors.ts';
import { writerSql } from './sql.ts';
import { untilItPasses } from './until-it-passes.ts';
import { WriterSession } from './writer-session.ts';

export interface PostgresOptions {
  /** `postgres://user@host:port/database`, without a password. */
  readonly url: string;
  readonly logger?: Logger;
  /** Bounds the decoded records in memory, by the length of their JSON; a record takes two to three times that. */
  readonly cacheLimitChars?: number;
  /** How long after the active server's end another one waits at most. */
  readonly leaseMs?: number;
  /** How long the first connection may take to become a session; 5 s if not given. */
  readonly sessionLimitMs?: number;
}

/** A platform's database, of which one server is the active one. */
export interface PostgresPlatform {
  /** This server as one that may become active; `address` is where it takes requests. */
  candidate(address: string): Candidate;
  /** The store of the elected server, usable for as long as it has the lease. `facts` are what earlier records lack. */
  openActive(elected: Elected, facts?: MigrationFacts): Promise<MetadataStore>;
}

const usualLeaseMs = 10 * secondMs;
/**
 * A proxy that has lost its database may be silent for each connection until it gives up and closes it: some wait 20 s. So
 * after the first silence a try waits this many times as long. A second silence is no PostgreSQL's.
 */
const patience = 6;
const silencesMax = 2;
const usualCacheChars = 192 * MiB;

/**
 * Connects to the database once, to find out at the start what a person has to put right, and creates what servers agree
 * by. A database that is down, or refuses for now, is left to the candidate, which waits for it and ends when a person has
 * to correct something after all. Rejects with `MetadataStoreError`.
 */
export async function openPostgresPlatform(options: PostgresOptions): Promise<PostgresPlatform> {
  const { logger = silentLogger, leaseMs = usualLeaseMs } = options;
  const database = readDatabaseUrl(options.url);
  const prepare = preparation(database, options);
  await prepare().catch((error: unknown) => {
    if (!canPass(error)) throw error;
  });
  return {
    candidate: (address) => new Candidate({ database, address, leaseMs, logger, prepare }),
    openActive: (elected, facts = {}) => openActive(database, elected, { ...options, facts }),
  };
}

/**
 * Returns what creates, once, what servers agree by. It rejects with what can pass as it is, and with `MetadataStoreError`
 * when a person has to correct something: also when every connection was accepted and none became a session.
 */
function preparation(database: DatabaseUrl, { sessionLimitMs = usualSessionMs }: PostgresOptions) {
  let isPrepared = false;
  let silences = 0;
  return async () => {
    if (isPrepared) return;
    try {
      await prepareOnce(database, { sessionMs: sessionLimitMs * (silences === 0 ? 1 : patience) });
      isPrepared = true;
    } catch (error) {
      silences = isWithoutSession(error) ? silences + 1 : 0;
      if (canPassAtStart(error) && silences < silencesMax) throw error;
      throw databaseError('connect to', database.name, error);
    }
  };
}

async function prepareOnce(database: DatabaseUrl, limits: Limits): Promise<void> {
  const client = await PostgresClient.connect(database, limits);
  try {
    await whilePreparing(client, () => prepareCoordination(client, database.name));
  } finally {
    await client.end();
  }
}

async function openActive(
  database: DatabaseUrl,
  { lease, first }: Elected,
  {
    logger = silentLogger,
    cacheLimitChars = usualCacheChars,
    facts,
  }: PostgresOptions & { readonly facts: MigrationFacts },
): Promise<MetadataStore> {
  const { name } = database;
  const checkUsable = () => {
    if (lease.isHeld()) return;
    throw new MetadataStoreError(
      `this server is no longer the active one on ${name}; send the request again`,
      { database: name, isUnavailable: true },
    );
  };
  const entering = [{ text: writerSql.enter, values: [first.session, first.commits] }];
  const preparing = untilItPasses(
    () => connectPrepared(database, { name, logger, entering, facts }),
    {
      checkUsable,
      onTrouble: (cause) => {
        const error = databaseError('open', name, cause);
        logger.log('warn', 'the database cannot be opened yet, trying again', { error });
      },
    },
  );
  const client = await preparing.catch((cause: unknown) => {
    if (!isRefused(cause)) throw databaseError('open', name, cause);
    // Its next renewal may be seconds away, and until then this would be a server that cannot start.
    lease.abandon('another server has taken it');
    throw overtakenError(name, { action: 'open', wayOut: 'start this one again', cause });
  });
  const onFailed = (error: unknown) =>
    lease.abandon(
      `its records cannot be used any more: ${messageOf(databaseError('use', name, error))}`,
    );
  const session = new WriterSession({ database, first, checkUsable, logger, onFailed }, client);
  const active = new ActiveDatabase({ name, session, checkUsable, logger, onFailed });
  return new RecordStore(active, { cacheLimitChars });
}

/** A connection to the database, which is brought to this program's version. Rejects with what the server said. */
async function connectPrepared(
  database: DatabaseUrl,
  options: MigrationOptions,
): Promise<PostgresClient> {
  const client = await PostgresClient.connect(database);
  try {
    await whilePreparing(client, async () => {
      await prepareCoordination(client, options.name);
      await bringUpToDate(client, options);
    });
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}
