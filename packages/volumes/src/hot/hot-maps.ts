import type { HotMaps } from '@bakehouse/domain';
import type { VolumeContext } from '../volume-context.ts';
import { checkHotMap } from './check-hot-map.ts';
import { dropHotMap } from './drop-hot-map.ts';
import { hotRoom, listHotMaps } from './hot-state.ts';
import { usersOfHotMap } from './hot-users.ts';
import { makeHotMap } from './make-hot-map.ts';

/** Hot maps as sparse files: docs/formats/hot-maps.md. */
export function fileHotMaps(context: VolumeContext): HotMaps {
  const { hot } = context;
  return {
    list: () => listHotMaps(hot),
    room: () => hotRoom(hot),
    usersOf: (mapId) => usersOfHotMap(context, mapId),
    make: (mapId, work) => makeHotMap(hot, mapId, work),
    check: (mapId, work) => checkHotMap(hot, mapId, work),
    drop: (mapId, atRest) => dropHotMap(context, mapId, atRest),
  };
}
