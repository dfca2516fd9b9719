import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceId, InstanceMetadata, MetadataPublisher } from '@bakehouse/domain';
import type { InstanceDocument } from './answer-request.ts';
import { documentPath } from './document-folder.ts';
import { identityDocument, signDocument } from './identity-document.ts';
import { signPkcs7 } from './pkcs7.ts';
import { openPlatformKey, type PlatformKey } from './platform-key.ts';

export interface MetadataPublisherOptions {
  /** Holds the platform's key and certificate, and `documents/`. */
  readonly directory: string;
}

async function identityOf(metadata: InstanceMetadata, platform: PlatformKey) {
  const document = identityDocument(metadata);
  const pkcs7 = await signPkcs7(document, platform);
  return { document, signature: signDocument(document, platform.key), pkcs7, rsa2048: pkcs7 };
}

/** Publishes by writing a document per private address, which the agent reads. */
export async function createMetadataPublisher({
  directory,
}: MetadataPublisherOptions): Promise<MetadataPublisher> {
  const documents = join(directory, 'documents');
  await mkdir(documents, { recursive: true, mode: 0o700 });
  const platform = await openPlatformKey(directory);

  const read = async (name: string) =>
    JSON.parse(await readFile(join(documents, name), 'utf8')) as InstanceDocument;
  const names = async () => (await readdir(documents)).filter((name) => name.endsWith('.json'));
  const ownNames = async (instanceId: InstanceId) => {
    const own: string[] = [];
    for (const name of await names()) {
      if ((await read(name)).metadata.instanceId === instanceId) own.push(name);
    }
    return own;
  };

  /** Signing depends on the identity document alone: a change of tags or options signs nothing anew. */
  const identityFor = async (metadata: InstanceMetadata, known: InstanceDocument | undefined) => {
    if (known?.identity.document === identityDocument(metadata)) return known.identity;
    return await identityOf(metadata, platform);
  };

  return {
    async publish(metadata) {
      const path = documentPath(documents, metadata.privateIp);
      const known = await read(`${metadata.privateIp}.json`).catch(() => undefined);
      if (known && known.metadata.instanceId !== metadata.instanceId) {
        throw new Error(
          `${metadata.privateIp} is published for ${known.metadata.instanceId}, not ${metadata.instanceId}`,
        );
      }
      const document = { metadata, identity: await identityFor(metadata, known) };
      await writeFile(`${path}.new`, JSON.stringify(document), { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
    async withdraw(instanceId) {
      for (const name of await ownNames(instanceId))
        await rm(join(documents, name), { force: true });
    },
    async list() {
      const ids: InstanceId[] = [];
      for (const name of await names()) ids.push((await read(name)).metadata.instanceId);
      return ids;
    },
  };
}
