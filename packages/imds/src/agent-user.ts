import { createHash } from 'node:crypto';
import { chmod, chown, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { documentSuffix } from './document-folder.ts';

/** Numbers that no distribution, container or service manager gives to anybody. */
const numbers = { first: 0x7000_0000, count: 0x0fff_ffff };
/** Where those do not exist: a user namespace with few numbers. */
const nobody = 65_534;

/** Root's agent may look a document up and read it, and neither list nor change the folder. */
const sharedModes = { folder: 0o2710, file: 0o640 };
const privateModes = { folder: 0o700, file: 0o600 };

/** Whether this is a number that an agent may have as its user and group. */
export function isAgentNumber(id: number): boolean {
  return id === nobody || (id >= numbers.first && id < numbers.first + numbers.count);
}

/**
 * Lets the agent into the folder of documents, and nobody else: by the folder's group, whose number is also the
 * agent's user. The agent reads it there, so that the two agree. Answers the mode of files in it. Who is not root
 * runs no agent, and keeps the folder to himself.
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

/** A folder that was moved keeps its number: an agent may be reading it. */
async function giveTo(documents: string): Promise<number> {
  const { gid } = await stat(documents);
  if (isAgentNumber(gid)) return gid;
  const digest = createHash('sha256')
    .update(await realpath(documents))
    .digest();
  const own = numbers.first + (digest.readUInt32BE(0) % numbers.count);
  return await chown(documents, 0, own).then(
    () => own,
    async () => {
      await chown(documents, 0, nobody);
      return nobody;
    },
  );
}
