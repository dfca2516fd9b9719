import { hostname } from 'node:os';
import {
  dataFolderSetting,
  type HostId,
  hostIdOf,
  type MetadataReader,
  type MetadataStore,
} from '@bakehouse/domain';
import {
  readFolderIfExists,
  readTextIfExists,
  statIfExists,
  writeFileDurably,
} from '@bakehouse/host';
import { databaseName } from '@bakehouse/metadata-postgres/database-url';
import { EarlierSchemaError, lookIntoSqliteMetadataStore } from '@bakehouse/metadata-sqlite';
import { type Config, UsageError } from './config.ts';
import { type DataDirectory, isDataDirectory, nameDataDirectory } from './data-directory.ts';
import { folderIdOf, keepFolderId, knownFolderId } from './folder-id.ts';

/** A database that has records: an empty file has none. */
const hasContent = async (path: string) => ((await statIfExists(path))?.size ?? 0) > 0;

/** Both schemes, and the port when it is the usual one, name the same database. */
const isSamePlace = (a: string, b: string) => plain(a) === plain(b);

const plain = (url: string) =>
  url.replace(/^postgresql:/, 'postgres:').replace(/^(postgres:\/\/[^/]*):5432(?=\/)/, '$1');

/** A line of text in a file; undefined when there is none. */
async function lineIn(path: string): Promise<string | undefined> {
  return (await readTextIfExists(path))?.trim() || undefined;
}

type Place = Pick<DataDirectory, 'root' | 'metadata' | 'recordsPlace' | 'folderId'>;
type FolderParts = Place & Pick<DataDirectory, 'volumes' | 'instances'>;

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readFolderIfExists(folder);
  // A folder that is a file system of its own has this one.
  return names.every((name) => name === 'lost+found');
}

const hasGuests = async ({ volumes, instances }: FolderParts): Promise<boolean> =>
  !(await isEmpty(volumes)) || !(await isEmpty(instances));

/**
 * Whether records have accepted the folder, or it has guests or disks, as earlier versions leave it. A file that cannot
 * be looked at is an error, not a missing one: guests' disks depend on it.
 */
const isUsed = async (data: FolderParts): Promise<boolean> =>
  (await statIfExists(data.folderId)) !== undefined || (await hasGuests(data));

/**
 * Checks that a data folder is used with the records that belong to it, by what the folder notes. With others, every
 * guest and disk in the folder would be a leftover. Rejects with UsageError.
 */
export async function checkRecordsPlace(
  data: FolderParts,
  { metadataUrl }: Pick<Config, 'metadataUrl'>,
): Promise<void> {
  const noted = await lineIn(data.recordsPlace);
  if (metadataUrl === undefined) {
    if (noted !== undefined) {
      throw new UsageError(
        `the records of ${data.root} are in ${noted}; start with --metadata and that URL, or use another --data folder`,
      );
    }
    if ((await hasContent(data.metadata)) || !(await isUsed(data))) return;
    throw new UsageError(
      `the records of ${data.root} are missing: ${data.metadata} does not exist or is empty, and without it the guests and disks would be removed; put it back, start with --metadata and the URL of the database that has them, use another --data folder, or remove this one: bakehouse down --destroy --delete-data`,
    );
  }
  const given = databaseName(metadataUrl);
  if (noted !== undefined && !isSamePlace(noted, given)) {
    throw new UsageError(
      `the records of ${data.root} are in ${noted}, not in ${given}; start with --metadata ${noted}, or use another --data folder. If that database has moved to ${given}, remove the file ${data.recordsPlace} and start again`,
    );
  }
  if (noted === undefined && (await hasContent(data.metadata))) {
    throw new UsageError(
      `${data.root} has records of its own (${data.metadata}), which are not in ${given}; use another --data folder`,
    );
  }
}

/** What the records say of the folder that they belong to. */
interface Claim {
  readonly folderId: string;
  readonly where: string;
  /** With PostgreSQL. Absent in claims of earlier versions, which only servers with real guests made. */
  readonly compute?: Config['compute'];
}

type RecordsOf = Pick<Config, 'metadataUrl' | 'compute'>;

const whereIs = ({ root }: Place) => `${hostname()}:${root}`;

function refusal(where: string, claim: Claim, data: Place): UsageError {
  const { folderId } = data;
  return new UsageError(
    claim.where === whereIs(data)
      ? `the records in ${where} belong to this folder, but ${folderId} is missing or has another id; if the guests and disks of these records are here, write ${claim.folderId} into ${folderId} and start again, else restore the whole folder from a backup`
      : `the records in ${where} belong to the guests and disks of ${claim.where}; use that folder, or other records. If it has moved and its guests and disks are here, write ${claim.folderId} into ${folderId} and start again`,
  );
}

/** Throws UsageError when records in PostgreSQL with such a claim must not be used with such guests. */
function checkCompute(claim: Claim, compute: Config['compute'], where: string): void {
  const { compute: claimed = 'qemu' } = claim;
  if (claimed === compute) return;
  throw new UsageError(
    claimed === 'simulated'
      ? `the records in ${where} are those of servers with --compute simulated; use another database for real guests`
      : `the records in ${where} belong to the real guests of ${claim.where}; use another database with --compute simulated`,
  );
}

/** Simulated guests are in no folder: servers with different ones share the records, and the host that those name. */
const isShared = ({ metadataUrl, compute }: RecordsOf) =>
  metadataUrl !== undefined && compute === 'simulated';

const missing = (where: string, { root }: Place) =>
  new UsageError(
    `the database ${where} does not have the records of ${root}, and without them its guests and disks would be removed; put the records back, start with the database that has them, or use another --data folder`,
  );

/** What is known of the folder. `id` is absent when none was drawn yet. */
interface Owner {
  readonly id: string | undefined;
  readonly isAccepted: boolean;
  readonly hasGuests: boolean;
}

async function ownerOf(data: FolderParts): Promise<Owner> {
  return { ...(await knownFolderId(data)), hasGuests: await hasGuests(data) };
}

const placeOf = ({ metadataUrl }: RecordsOf, { metadata }: Place) =>
  metadataUrl === undefined ? metadata : databaseName(metadataUrl);

/**
 * The claim that records have; undefined when the folder may claim them. Both a start and `doctor` judge by this.
 * Rejects with UsageError for records that are not this folder's.
 */
async function judge(
  reader: MetadataReader,
  config: RecordsOf,
  data: Place,
  { id, isAccepted, hasGuests }: Owner,
): Promise<Claim | undefined> {
  const where = placeOf(config, data);
  const claim = (await reader.get('setting', dataFolderSetting))?.value as Claim | undefined;
  if (!claim) {
    // Earlier versions made no claim. Their folders have no accepted id, except with SQLite before a crash.
    const isEarlier = (await reader.list('account', { limit: 1 })).length > 0;
    const mayClaim = isAccepted
      ? isEarlier && config.metadataUrl === undefined
      : isEarlier || !hasGuests;
    if (!mayClaim) throw missing(where, data);
    return undefined;
  }
  if (config.metadataUrl !== undefined) checkCompute(claim, config.compute, where);
  if (claim.folderId !== id && !isShared(config)) throw refusal(where, claim, data);
  return claim;
}

/**
 * Ties records to the folder that has the guests and disks: a server with another folder would find no guest and call
 * them ended. Then the folder notes where its records are. Resolves with the host that new records name. Only the
 * folder's lock holder calls it. Rejects with UsageError for records that are not this folder's.
 */
export async function claimRecords(
  metadata: MetadataStore,
  config: RecordsOf,
  data: FolderParts,
): Promise<HostId> {
  const { metadataUrl, compute } = config;
  const folder = await folderIdOf(data);
  const owner = { ...folder, hasGuests: await hasGuests(data) };
  const claim = await metadata.write(async (tx) => {
    const known = await judge(tx, config, data, owner);
    if (known && known.folderId !== folder.id) return known;
    // The folder may have moved.
    const mine = known ?? {
      folderId: folder.id,
      ...(metadataUrl === undefined ? {} : { compute }),
    };
    const value: Claim = { ...mine, where: whereIs(data) };
    await tx.put('setting', { id: dataFolderSetting, value });
    return value;
  });
  await keepFolderId(data, folder);
  if (metadataUrl !== undefined) {
    await writeFileDurably(data.recordsPlace, `${placeOf(config, data)}\n`);
  }
  return hostIdOf(claim.folderId);
}

type Records = Pick<MetadataStore, 'read'>;

/** Rejects with UsageError when the records in the folder are not its own: nothing there may be compared with them. */
export async function checkOwnRecords(metadata: Records, data: FolderParts): Promise<void> {
  const owner = await ownerOf(data);
  const claim = await metadata.read((tx) => judge(tx, { compute: 'qemu' }, data, owner));
  if (!claim) throw new UsageError(`no folder has claimed ${data.metadata}; start the server once`);
}

/**
 * Refuses what a start with these settings refuses, and makes nothing. Then `look` reads the records when they are in
 * the folder; undefined when they are not. Rejects with UsageError, and as `lookIntoSqliteMetadataStore` does.
 */
export async function lookIntoRecords<T>(
  config: RecordsOf,
  data: FolderParts,
  look: (metadata: Records) => Promise<T>,
): Promise<T | undefined> {
  await checkRecordsPlace(data, config);
  if (config.metadataUrl !== undefined || !(await hasContent(data.metadata))) return undefined;
  const metadata = await lookIntoSqliteMetadataStore(data.metadata);
  try {
    const owner = await ownerOf(data);
    await metadata.read((tx) => judge(tx, config, data, owner));
    return await look(metadata);
  } finally {
    await metadata.close();
  }
}

/**
 * Refuses records in a folder that is no data folder yet, before a start makes anything in it. Rejects as
 * `lookIntoRecords`.
 */
export async function checkNewFolder(
  config: RecordsOf & Pick<Config, 'dataDirectory' | 'runtimeParent'>,
): Promise<void> {
  const data = await nameDataDirectory(config);
  if (await isDataDirectory(data.root)) return;
  await lookIntoRecords(config, data, async () => {}).catch((error: unknown) => {
    // The start converts them.
    if (!(error instanceof EarlierSchemaError)) throw error;
  });
}
