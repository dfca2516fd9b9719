import { createHash } from 'node:crypto';
import { chmod, chown, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { agentUserIds } from '@bakehouse/host';
import { documentSuffix } from './document-folder.ts';

/** Where its own ids do not exist: in a user namespace with few ids. */
const nobody = 65_534;

/** An agent of root may look up and read a document, and can neither list nor change the folder. */
const sharedModes = { folder: 0o2710, file: 0o640 };
const privateModes = { folder: 0o700, file: 0o600 };

/** Whether an agent may have this id as its user and group. */
export function isAgentNumber(id: number): boolean {
  return id === nobody || (id >= agentUserIds.first && id <= agentUserIds.last);
}

/**
 * Gives the agent access to the folder of documents, and nobody else: by the folder's group, whose id is also the
 * agent's user id. The agent reads the id from the folder, so the two agree. Returns the mode of the files. A user
 * other than root runs no agent, and keeps the folder private.
 */
export async function letAgentIn(documents: string): Promise<number> {
  const modes = process.getuid?.() === 0 ? sharedModes : privateModes;
  const id = modes === sharedModes ? await giveTo(documents) : undefined;
  await chmod(documents, modes.folder);
  const names = (await readdir(documents)).filter((name) => name.endsWith(documentSuffix));
  for (const path of names.map((name) => join(documents, name))) {
    if (id !== undefined) await chown(path, 0, id);
    await chmod(path, modes.file);
  }
  return modes.file;
}

/** A folder that was moved keeps its id, as an agent may be reading it. */
async function giveTo(documents: string): Promise<number> {
  const { gid } = await stat(documents);
  if (isAgentNumber(gid)) return gid;
  const digest = createHash('sha256')
    .update(await realpath(documents))
    .digest();
  const count = agentUserIds.last - agentUserIds.first + 1;
  const own = agentUserIds.first + (digest.readUInt32BE(0) % count);
  return await chown(documents, 0, own).then(
    () => own,
    async () => {
      await chown(documents, 0, nobody);
      return nobody;
    },
  );
}
