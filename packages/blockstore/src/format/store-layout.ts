import { join } from 'node:path';
import type { BlockMapId } from '@bakehouse/domain';

/** Every name in a store's folder; see docs/formats/data-directory.md. */
export interface StoreLayout {
  readonly root: string;
  readonly version: string;
  readonly lock: string;
  readonly owner: string;
  readonly tail: string;
  readonly drafts: string;
  readonly orders: string;
  readonly tmp: string;
}

export const versionText = 'bakehouse-blockstore 2\n';
/** Opened and converted. It differs from `versionText` in one byte, which conversion writes in place. */
export const convertibleVersionText = 'bakehouse-blockstore 1\n';

export function storeLayout(root: string): StoreLayout {
  return {
    root,
    version: join(root, 'version'),
    lock: join(root, 'lock'),
    owner: join(root, 'owner.json'),
    tail: join(root, 'tail'),
    drafts: join(root, 'drafts'),
    orders: join(root, 'orders'),
    tmp: join(root, 'tmp'),
  };
}

/** The folders of files that never change: see `StoreFiles`. */
export const fileFolders = ['segments', 'pages', 'maps'] as const;
export type FileFolder = (typeof fileFolders)[number];

/** What a segment's records are. */
export type SegmentKind = 'chunks' | 'pages';
export const segmentKinds = ['chunks', 'pages'] as const satisfies readonly SegmentKind[];

const folderOfKind = { chunks: 'segments', pages: 'pages' } as const;
export const kindOfFolder = { segments: 'chunks', pages: 'pages' } as const;

/** `0000000012.seg` for 12: names sort as numbers do. */
export function segmentFile(number: number, extension: 'seg' | 'idx' = 'seg'): string {
  return `${String(number).padStart(10, '0')}.${extension}`;
}

/** The number in the file name of a segment or an index, undefined for other names. */
export function segmentNumber(fileName: string, extension: 'seg' | 'idx'): number | undefined {
  const match = /^(\d{10})\.(seg|idx)$/.exec(fileName);
  return match?.[2] === extension ? Number(match[1]) : undefined;
}

/** Where a sealed segment is among the store's files. */
export function sealedName(kind: SegmentKind, number: number): string {
  return `${folderOfKind[kind]}/${segmentFile(number)}`;
}

/** Where the index of a sealed segment is. */
export function indexName(kind: SegmentKind, number: number): string {
  return `${folderOfKind[kind]}/${segmentFile(number, 'idx')}`;
}

const headSuffix = '.head';

/** Where the head of a map is. */
export function headName(mapId: BlockMapId): string {
  return `maps/${mapId}${headSuffix}`;
}

/** Where format 1 kept a map. */
export function flatMapName(mapId: BlockMapId): string {
  return `maps/${mapId}`;
}

/** What a file in `maps/` is; undefined for a name that is no map's. */
export function mapOfFile(
  fileName: string,
): { readonly mapId: BlockMapId; readonly isFlat: boolean } | undefined {
  const isFlat = !fileName.endsWith(headSuffix);
  const mapId = isFlat ? fileName : fileName.slice(0, -headSuffix.length);
  return isMapId(mapId) ? { mapId, isFlat } : undefined;
}

/** True for names that are safe as a file name and fit a head. */
export function isMapId(text: string): text is BlockMapId {
  return /^map-[0-9a-z-]{1,28}$/.test(text);
}
