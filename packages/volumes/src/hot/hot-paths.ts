import { join } from 'node:path';
import { isResourceId } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';

/** Every name that may exist in the folder of hot maps. */
export interface HotPaths {
  readonly directory: string;
  folder(mapId: BlockMapId): string;
  /** The disk's bytes. */
  blocks(mapId: BlockMapId): string;
  /** Names the boot of the host in which the file was last found whole; its time is that of the last use. */
  checked(mapId: BlockMapId): string;
  /** Exists when the file differs from its map. */
  damaged(mapId: BlockMapId): string;
  /** A folder that is being made (`new`) or removed (`old`). */
  temporary(mapId: BlockMapId, purpose: 'new' | 'old'): string;
}

/** Names inside a map's folder, whatever that folder is called at the moment. */
export const hotFileNames = { blocks: 'blocks.raw', checked: 'checked', damaged: 'damaged' };

export function hotPaths(directory: string): HotPaths {
  const folder = (mapId: BlockMapId) => join(directory, checkedId(mapId));
  return {
    directory,
    folder,
    blocks: (mapId) => join(folder(mapId), hotFileNames.blocks),
    checked: (mapId) => join(folder(mapId), hotFileNames.checked),
    damaged: (mapId) => join(folder(mapId), hotFileNames.damaged),
    temporary: (mapId, purpose) => join(directory, `.${purpose}-${checkedId(mapId)}`),
  };
}

export const isHotFolderName = (name: string): name is BlockMapId => isResourceId('map', name);

/** The map whose temporary folder has this name. */
export function mapOfTemporary(name: string): BlockMapId | undefined {
  const id = /^\.(?:new|old)-(.+)$/.exec(name)?.[1];
  return id !== undefined && isHotFolderName(id) ? id : undefined;
}

/** Ids become paths: nothing but an id may get there. */
function checkedId(mapId: BlockMapId): BlockMapId {
  if (!isHotFolderName(mapId)) throw new RangeError(`'${mapId}' is not a map id`);
  return mapId;
}
