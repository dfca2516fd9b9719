import { createHash } from 'node:crypto';

/**
 * The hashes of the index of `main` in a release file. They identify the offered packages, while the file itself also
 * changes when only its date does. See "Release files" in the Debian wiki's DebianRepository/Format.
 */
export function packageIndexHashes(release: string, architecture: string): string[] {
  const index = new RegExp(`^ ([0-9a-f]{64}) +\\d+ main/binary-${architecture}/Packages(\\.xz)?$`);
  return release.split('\n').flatMap((line) => index.exec(line)?.[1] ?? []);
}

/** The name of the base system that this recipe makes from these packages. */
export function baseKey(recipeId: string, indexHashes: readonly string[]): string {
  const hash = createHash('sha256').update([...indexHashes].sort().join('\n'));
  return `${recipeId.replaceAll('-', '').slice(0, 16)}-${hash.digest('hex').slice(0, 16)}`;
}
