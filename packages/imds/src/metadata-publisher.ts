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
  readonly logger?: Logger;
  readonly clock?: Clock;
}

const unfinishedSuffix = '.new';

/** Publishes by writing one document per private address, which the agent reads. */
class FolderPublisher implements MetadataPublisher {
  readonly #documents: string;
  readonly #fileMode: number;
  readonly #platform: PlatformKey;
  readonly #logger: Logger;
  /** The instance of each document, by address. */
  readonly #owners = new Map<string, InstanceId>();
  /** One change at a time, as the owner of an address is decided by reading and then writing. */
  readonly #serially = serialQueue();

  constructor(
    { documents, fileMode }: { documents: string; fileMode: number },
    platform: PlatformKey,
    logger: Logger,
  ) {
    this.#documents = documents;
    this.#fileMode = fileMode;
    this.#platform = platform;
    this.#logger = logger;
  }

  async load(): Promise<void> {
    for (const { privateIp, document } of await this.#all()) {
      this.#owners.set(privateIp, document.metadata.instanceId);
    }
  }

  publish(metadata: InstanceMetadata): Promise<void> {
    return this.#serially(() => this.#publish(metadata));
  }

  withdraw(instanceId: InstanceId): Promise<void> {
    return this.#serially(() => this.#remove(instanceId));
  }

  list(): Promise<readonly InstanceId[]> {
    return this.#serially(async () => instancesOf(await this.#all()));
  }

  async #publish(metadata: InstanceMetadata): Promise<void> {
    const { instanceId, privateIp } = metadata;
    if (!isIPv4(privateIp)) {
      throw new Error(`cannot publish ${instanceId}: '${privateIp}' is not an IPv4 address`);
    }
    const known = await this.#read(privateIp);
    if (known !== undefined && known.metadata.instanceId !== instanceId) {
      throw new Error(
        `cannot publish ${instanceId}: ${privateIp} is published for ${known.metadata.instanceId}; withdraw that first`,
      );
    }
    const text = identityDocument(metadata);
    // Tags and options are not signed, so their change needs no new signature.
    const isSigned = known?.identity.document === text;
    const identity = isSigned ? known.identity : signIdentity(text, this.#platform);
    await this.#write(privateIp, { metadata, identity });
    this.#owners.set(privateIp, instanceId);
    await this.#remove(instanceId, privateIp);
  }

  async #write(privateIp: string, document: InstanceDocument): Promise<void> {
    const path = documentPath(this.#documents, privateIp);
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
    for (const [privateIp, owner] of this.#owners) {
      if (privateIp === except || owner !== instanceId) continue;
      await rm(documentPath(this.#documents, privateIp), { force: true });
      this.#owners.delete(privateIp);
    }
  }

  #all(): Promise<readonly PublishedDocument[]> {
    return publishedDocuments(this.#documents, (privateIp) => this.#read(privateIp));
  }

  /** A damaged document counts as none: its guest gets no replies until it is published again. */
  async #read(privateIp: string): Promise<InstanceDocument | undefined> {
    try {
      return await readDocument(this.#documents, privateIp);
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw error;
      this.#logger.log('warn', 'published metadata is damaged', {
        path: documentPath(this.#documents, privateIp),
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
  logger = silentLogger,
  clock = systemClock,
}: MetadataPublisherOptions): Promise<MetadataPublisher> {
  const documents = join(directory, 'documents');
  await mkdir(documents, { recursive: true, mode: 0o700 });
  await removeUnfinished(documents);
  const fileMode = await letAgentIn(documents);
  const platform = await openPlatformKey(directory, clock.now());
  const publisher = new FolderPublisher({ documents, fileMode }, platform, logger);
  await publisher.load();
  return publisher;
}
