import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const isCode = (name: string) => name.endsWith('.ts') && !name.endsWith('.test.ts');

/**
 * A name for code by the content of its files: 16 hex digits. A helper process may outlive the server that started
 * it; a newer server replaces it when its build differs.
 */
export async function codeBuild(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of folders) {
    const names = (await readdir(folder, { recursive: true })).filter(isCode);
    for (const name of names.sort()) {
      hash.update(`${name}\n`).update(await readFile(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
