import { hasCategory } from './versions.ts';

/** A folder of the tree: names to text, or to further folders. */
export interface MetadataFolder {
  readonly [name: string]: string | MetadataFolder;
}

/** The version in which EC2 released a category, and this instance's value; undefined when it has none. */
export type MetadataEntry = readonly [since: string, value: string | MetadataFolder | undefined];

/**
 * The entries that a version shows. What the instance does not have and empty folders are left out, which gives 404
 * as on EC2.
 */
export function folderOf(
  version: string,
  entries: Readonly<Record<string, MetadataEntry>>,
): MetadataFolder {
  const shown: Record<string, string | MetadataFolder> = {};
  for (const [name, [since, value]] of Object.entries(entries)) {
    if (value === undefined || !hasCategory(version, since)) continue;
    if (typeof value !== 'string' && Object.keys(value).length === 0) continue;
    shown[name] = value;
  }
  return shown;
}

/** A folder whose entries were released together with it. */
export function textsOf(texts: Readonly<Record<string, string | undefined>>): MetadataFolder {
  const entries = Object.entries(texts).map(([name, text]) => [name, ['1.0', text]] as const);
  return folderOf('latest', Object.fromEntries(entries));
}

/** Values as EC2 lists them: one per line, without a newline at the end. */
export const lines = (texts: readonly string[]) => texts.join('\n');

/** The names in a folder, one per line, folders with a slash, without a newline at the end. */
export function listFolder(folder: MetadataFolder): string {
  return Object.entries(folder)
    .map(([name, value]) => (typeof value === 'string' ? name : `${name}/`))
    .join('\n');
}

/** The value at a path; undefined becomes 404. */
export function lookUp(
  folder: MetadataFolder,
  path: readonly string[],
): string | MetadataFolder | undefined {
  let here: string | MetadataFolder = folder;
  for (const name of path) {
    if (typeof here === 'string' || !Object.hasOwn(here, name)) return undefined;
    const next: string | MetadataFolder | undefined = here[name];
    if (next === undefined) return undefined;
    here = next;
  }
  return here;
}
