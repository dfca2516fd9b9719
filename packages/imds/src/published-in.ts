import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetadataPublisher } from '@bakehouse/domain';
import { documentPath, instancesOf, publishedDocuments, readDocument } from './document-folder.ts';
import { DamagedDocumentError } from './instance-document.ts';

/** What was published in a folder whose server does not run. Nothing is made there; damaged documents count as none. */
export function publishedIn(directory: string): Pick<MetadataPublisher, 'list' | 'withdraw'> {
  const documents = join(directory, 'documents');
  const read = (address: string) =>
    readDocument(documents, address).catch((error: unknown) => {
      if (error instanceof DamagedDocumentError) return undefined;
      throw error;
    });
  const all = () => publishedDocuments(documents, read);
  return {
    list: async () => instancesOf(await all()),
    async withdraw(instanceId) {
      for (const { address, document } of await all()) {
        if (document.metadata.instanceId !== instanceId) continue;
        await rm(documentPath(documents, address), { force: true });
      }
    },
  };
}
