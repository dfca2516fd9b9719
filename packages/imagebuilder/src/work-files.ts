import { join } from 'node:path';
import type { BuilderDirectory } from './builder-directory.ts';

/** The files of the work folder, by which the stages pass their results on. */
export function workFiles(directory: BuilderDirectory) {
  const inWork = (name: string) => join(directory.work, name);
  return {
    /** The base system, as a tar file. */
    base: inWork('base.tar'),
    guestPackage: inWork('guest-package'),
    aptOptions: inWork('apt.conf'),
    temporary: inWork('tmp'),
    /** The root file system, unpacked. */
    root: inWork('root'),
    imageId: inWork('image-id'),
    bootLoader: inWork('core.img'),
    disk: inWork('disk.raw'),
  };
}
