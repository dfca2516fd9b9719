import { join } from 'node:path';

/** Every path in the builder's folder. */
export interface BuilderDirectory {
  readonly root: string;
  /** The lock of the running bake. */
  readonly lock: string;
  /** Files of the running bake. The next bake removes leftover files. */
  readonly work: string;
  /** Base systems as tar files, named by recipe and package lists. */
  readonly bases: string;
  /** Downloaded .deb files, so that the next bake downloads only new ones. */
  readonly packages: string;
  /** Finished disks, until they are discarded. */
  readonly disks: string;
  /** The output of the programs of the last bake. */
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
