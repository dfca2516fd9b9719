import { join } from 'node:path';

/** Every name in the builder's folder. */
export interface BuilderDirectory {
  readonly root: string;
  /** Held by the one bake that runs. */
  readonly lock: string;
  /** Of the running bake only; the next one removes what it finds. */
  readonly work: string;
  /** Base systems as tar files, named by recipe and package lists. */
  readonly bases: string;
  /** Fetched .deb files, so that baking again fetches only what is new. */
  readonly packages: string;
  /** Finished disks, until they are discarded. */
  readonly disks: string;
  /** What the programs of the last bake wrote. */
  readonly log: string;
}

export function builderDirectory(root: string): BuilderDirectory {
  return {
    root,
    lock: join(root, 'lock'),
    work: join(root, 'work'),
    bases: join(root, 'bases'),
    packages: join(root, 'packages'),
    disks: join(root, 'disks'),
    log: join(root, 'last-bake.log'),
  };
}
