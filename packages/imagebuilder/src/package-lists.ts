import { createHash } from 'node:crypto';

/**
 * What stands for the packages that a release file offers: its hashes of `main`'s index. The file
 * itself changes without them, when only its date does. See "Release files" in the Debian wiki's
 * DebianRepository/Format.
 */
export function packageIndexHashes(release: string, architecture: string): string[] {
  const index = new RegExp(`^ ([0-9a-f]{64}) +\\d+ main/binary-${architecture}/Packages(\\.xz)?$`);
  return release.split('\n').flatMap((line) => index.exec(line)?.[1] ?? []);
}

/** The name of the base system made of these packages by this recipe. */
export function baseKey(recipeId: string, indexHashes: readonly string[]): string {
  const hash = createHash('sha256').update([...indexHashes].sort().join('\n'));
  return `${recipeId.replaceAll('-', '').slice(0, 16)}-${hash.digest('hex').slice(0, 16)}`;
}
