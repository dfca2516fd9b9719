import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomIds } from '@bakehouse/base';
import { type HostId, hostIdOf } from '@bakehouse/domain';
import { readTextIfExists, syncPath, writeFileDurably } from '@bakehouse/host';
import { UsageError } from './config.ts';
import type { DataDirectory } from './data-directory.ts';

type Folder = Pick<DataDirectory, 'root' | 'folderId'>;

/** What distinguishes a data folder from every other, on any host. */
export interface FolderId {
  readonly id: string;
  /** The host that the folder is the part of. */
  readonly hostId: HostId;
  /** Records have accepted the folder. */
  readonly isAccepted: boolean;
}

const draftOf = ({ folderId }: Folder) => `${folderId}.new`;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id in the file; undefined when there is none. */
async function idIn(path: string): Promise<string | undefined> {
  const id = (await readTextIfExists(path))?.trim();
  if (!id) return undefined;
  if (uuid.test(id)) return id;
  throw new UsageError(`${path} has no id of a data folder: put the file back from a backup`);
}

/** The folder's id, if one was drawn, and whether records have accepted the folder. Makes nothing. */
export async function knownFolderId(
  data: Folder,
): Promise<Pick<FolderId, 'isAccepted'> & { readonly id: string | undefined }> {
  const accepted = await idIn(data.folderId);
  const id = accepted ?? (await idIn(draftOf(data)));
  return { id, isAccepted: accepted !== undefined };
}

/**
 * The folder's id, drawn once. It has its final name only after records have accepted the folder. One that was drawn
 * before a crash is used again, since the records may have the claim already. Only the folder's lock holder calls it.
 */
export async function folderIdOf(data: Folder): Promise<FolderId> {
  const { id: drawn, isAccepted } = await knownFolderId(data);
  const id = drawn ?? randomIds.uuid();
  if (drawn === undefined) await writeFileDurably(draftOf(data), `${id}\n`);
  return { id, hostId: hostIdOf(id), isAccepted };
}

/** Notes that records have accepted the folder, whose only id is now in the file. */
export async function keepFolderId(data: Folder, { isAccepted }: FolderId): Promise<void> {
  // A draft beside an accepted id is that of a start that was refused while the file was lost.
  if (isAccepted) return await rm(draftOf(data), { force: true });
  await rename(draftOf(data), data.folderId);
  await syncPath(dirname(data.folderId));
}
