import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { type Clock, type Logger, silentLogger, systemClock } from '@bakehouse/base';
import type { InstanceId, InstanceMetadata, MetadataPublisher } from '@bakehouse/domain';
import { letAgentIn } from './agent-user.ts';
import { documentPath, documentSuffix, readDocument } from './document-folder.ts';
import { identityDocument, signIdentity } from './identity-document.ts';
import { DamagedDocumentError, type InstanceDocument } from './instance-document.ts';
import { openPlatformKey, type PlatformKey } from './platform-key.ts';

export interface MetadataPublisherOptions {
  /** Holds the platform's key and certificate, and `documents/`. This process is its only writer. */
  readonly directory: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

const unfinishedSuffix = '.new';

/** Publishes by writing a document per private address, which the agent reads. */
class FolderPublisher implements MetadataPublisher {
  readonly #documents: string;
  readonly #fileMode: number;
  readonly #platform: PlatformKey;
  readonly #logger: Logger;
  /** Whose documents there are, by address. */
  readonly #owners = new Map<string, InstanceId>();
  /** One change at a time: who has an address is decided by reading and then writing. */
  #last: Promise<unknown> = Promise.resolve();

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
    return this.#serially(async () => {
      const found = await this.#all();
      return [...new Set(found.map(({ document }) => document.metadata.instanceId))];
    });
  }

  async #publish(metadata: InstanceMetadata): Promise<void> {
    const { instanceId, privateIp } = metadata;
    if (!isIPv4(privateIp)) throw new Error(`${instanceId} has no IPv4 address: '${privateIp}'`);
    const known = await this.#read(privateIp);
    if (known !== undefined && known.metadata.instanceId !== instanceId) {
      throw new Error(
        `${privateIp} is published for ${known.metadata.instanceId}; withdraw it before ${instanceId} is`,
      );
    }
    const text = identityDocument(metadata);
    // Tags and options are not signed: their change signs nothing anew.
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
      // Not flushed: no guest outlives a crash of the host, and a start publishes again.
      await using file = await open(unfinished, 'wx', 0o600);
      await file.writeFile(JSON.stringify(document));
      // Apart from its making: a umask would close it to the agent.
      await file.chmod(this.#fileMode);
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  /** Removes what is published for the instance, but at one address. */
  async #remove(instanceId: InstanceId, except?: string): Promise<void> {
    for (const [privateIp, owner] of this.#owners) {
      if (privateIp === except || owner !== instanceId) continue;
      await rm(documentPath(this.#documents, privateIp), { force: true });
      this.#owners.delete(privateIp);
    }
  }

  async #all(): Promise<readonly { privateIp: string; document: InstanceDocument }[]> {
    const found: { privateIp: string; document: InstanceDocument }[] = [];
    for (const name of await readdir(this.#documents)) {
      if (!name.endsWith(documentSuffix)) continue;
      const privateIp = name.slice(0, -documentSuffix.length);
      const document = await this.#read(privateIp);
      if (document !== undefined) found.push({ privateIp, document });
    }
    return found;
  }

  /** A damaged document counts as none: its guest is told nothing until it is published again. */
  async #read(privateIp: string): Promise<InstanceDocument | undefined> {
    try {
      return await readDocument(this.#documents, privateIp);
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw error;
      this.#logger.log('warn', 'the metadata published for an address cannot be read', {
        path: documentPath(this.#documents, privateIp),
        error,
      });
      return undefined;
    }
  }

  #serially<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** What a crash left half written was never visible. */
async function removeUnfinished(documents: string): Promise<void> {
  for (const name of await readdir(documents)) {
    if (name.endsWith(unfinishedSuffix)) await rm(join(documents, name), { force: true });
  }
}

/** Opens or makes the folder, its key and its certificate. */
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
