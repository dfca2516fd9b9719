import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { type Clock, type Logger, serialQueue, silentLogger, systemClock } from '@bakehouse/base';
import type { InstanceId, InstanceMetadata, MetadataPublisher } from '@bakehouse/domain';
import { letAgentIn } from './agent-user.ts';
import {
  documentPath,
  instancesOf,
  type PublishedDocument,
  publishedDocuments,
  readDocument,
} from './document-folder.ts';
import { identityDocument, signIdentity } from './identity-document.ts';
import { DamagedDocumentError, type InstanceDocument } from './instance-document.ts';
import { openPlatformKey, type PlatformKey } from './platform-key.ts';

export interface MetadataPublisherOptions {
  /**
   * Holds the platform's key and certificate, and `documents/`. Written by the server; while none runs, `doctor --fix`
   * removes documents (`publishedIn`). The agent writes `documents/mounts.new` at its start and removes it.
   */
  readonly directory: string;
  /** The address by which the agent knows a guest; undefined while it has none. Absent: its private address. */
  readonly addressOf?: AddressOf;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

type AddressOf = (metadata: InstanceMetadata) => string | undefined;

const unfinishedSuffix = '.new';

/** Publishes by writing one document per guest's address, which the agent reads. */
class FolderPublisher implements MetadataPublisher {
  readonly #documents: string;
  readonly #fileMode: number;
  readonly #platform: PlatformKey;
  readonly #addressOf: AddressOf;
  readonly #logger: Logger;
  /** The instance of each document, by address. */
  readonly #owners = new Map<string, InstanceId>();
  /** One change at a time, as the owner of an address is decided by reading and then writing. */
  readonly #serially = serialQueue();

  constructor(
    { documents, fileMode }: { documents: string; fileMode: number },
    platform: PlatformKey,
    { addressOf, logger }: { addressOf: AddressOf; logger: Logger },
  ) {
    this.#documents = documents;
    this.#fileMode = fileMode;
    this.#platform = platform;
    this.#addressOf = addressOf;
    this.#logger = logger;
  }

  async load(): Promise<void> {
    for (const { address, document } of await this.#all()) {
      this.#owners.set(address, document.metadata.instanceId);
    }
  }

  publish(metadata: InstanceMetadata): Promise<void> {
    return this.#serially(() => this.#publish(metadata));
  }

  withdraw(instanceId: InstanceId): Promise<void> {
    return this.#serially(() => this.#remove(instanceId));
  }

  list(): Promise<readonly InstanceId[]> {
    // A guest that is known by another address by now reads nothing until it is published again.
    return this.#serially(async () => {
      const found = await this.#all();
      return instancesOf(found.filter((each) => this.#isCurrent(each)));
    });
  }

  async #publish(metadata: InstanceMetadata): Promise<void> {
    const { instanceId } = metadata;
    const address = this.#addressOf(metadata);
    if (address === undefined || !isIPv4(address)) {
      throw new Error(
        `cannot publish ${instanceId}: its address '${address}' is not an IPv4 address; plug ${metadata.interfaceId} first`,
      );
    }
    const known = await this.#read(address);
    const isTaken = known !== undefined && this.#isCurrent({ address, document: known });
    if (isTaken && known.metadata.instanceId !== instanceId) {
      throw new Error(
        `cannot publish ${instanceId}: ${address} is published for ${known.metadata.instanceId}; withdraw that first`,
      );
    }
    const text = identityDocument(metadata);
    // Tags and options are not signed, so their change needs no new signature.
    const isSigned = known?.identity.document === text;
    const identity = isSigned ? known.identity : signIdentity(text, this.#platform);
    await this.#write(address, { metadata, identity });
    this.#owners.set(address, instanceId);
    await this.#remove(instanceId, address);
  }

  /** False for what an interrupted end left at an address that its guest no longer has. */
  #isCurrent({ address, document }: PublishedDocument): boolean {
    return this.#addressOf(document.metadata) === address;
  }

  async #write(address: string, document: InstanceDocument): Promise<void> {
    const path = documentPath(this.#documents, address);
    const unfinished = `${path}.${randomUUID()}${unfinishedSuffix}`;
    try {
      // Not flushed: no guest survives a crash of the host, and each start publishes again.
      await using file = await open(unfinished, 'wx', 0o600);
      await file.writeFile(JSON.stringify(document));
      // Not by `open`, whose mode a umask could close to the agent.
      await file.chmod(this.#fileMode);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** Removes what is published for the instance, except at one address. */
  async #remove(instanceId: InstanceId, except?: string): Promise<void> {
    for (const [address, owner] of this.#owners) {
      if (address === except || owner !== instanceId) continue;
      await rm(documentPath(this.#documents, address), { force: true });
      this.#owners.delete(address);
    }
  }

  #all(): Promise<readonly PublishedDocument[]> {
    return publishedDocuments(this.#documents, (address) => this.#read(address));
  }

  /** A damaged document counts as none: its guest gets no replies until it is published again. */
  async #read(address: string): Promise<InstanceDocument | undefined> {
    try {
      return await readDocument(this.#documents, address);
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw error;
      this.#logger.log('warn', 'published metadata is damaged', {
        path: documentPath(this.#documents, address),
        error,
      });
      return undefined;
    }
  }
}

/** Removes what a crash left half written, which was never visible. */
async function removeUnfinished(documents: string): Promise<void> {
  for (const name of await readdir(documents)) {
    if (name.endsWith(unfinishedSuffix)) await rm(join(documents, name), { force: true });
  }
}

/** Opens the folder, its key and its certificate, or creates them. */
export async function createMetadataPublisher({
  directory,
  addressOf = ({ privateIp }) => privateIp,
  logger = silentLogger,
  clock = systemClock,
}: MetadataPublisherOptions): Promise<MetadataPublisher> {
  const documents = join(directory, 'documents');
  await mkdir(documents, { recursive: true, mode: 0o700 });
  await removeUnfinished(documents);
  const fileMode = await letAgentIn(documents);
  const platform = await openPlatformKey(directory, clock.now());
  const publisher = new FolderPublisher({ documents, fileMode }, platform, { addressOf, logger });
  await publisher.load();
  return publisher;
}
