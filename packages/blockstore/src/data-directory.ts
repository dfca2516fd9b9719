import { join } from 'node:path';
import type { BlockMapId } from '@bakehouse/domain';

/** Every name in a store's folder; see docs/formats/data-directory.md. */
export interface DataDirectory {
  readonly root: string;
  readonly version: string;
  readonly lock: string;
  readonly owner: string;
  readonly segments: string;
  readonly maps: string;
  readonly tmp: string;
}

export const versionText = 'bakehouse-blockstore 1\n';

export function dataDirectory(root: string): DataDirectory {
  return {
    root,
    version: join(root, 'version'),
    lock: join(root, 'lock'),
    owner: join(root, 'owner.json'),
    segments: join(root, 'segments'),
    maps: join(root, 'maps'),
    tmp: join(root, 'tmp'),
  };
}

/** `0000000012` for 12: names sort as numbers do. */
export function segmentName(number: number): string {
  return String(number).padStart(10, '0');
}

/** The number in a segment's or index's file name, undefined for other names. */
export function segmentNumber(fileName: string, extension: 'seg' | 'idx'): number | undefined {
  const match = /^(\d{10})\.(seg|idx)$/.exec(fileName);
  return match?.[2] === extension ? Number(match[1]) : undefined;
}

/** True for names that are safe as a file name and fit a map file's header. */
export function isMapId(text: string): text is BlockMapId {
  return /^map-[0-9a-z-]{1,28}$/.test(text);
}
