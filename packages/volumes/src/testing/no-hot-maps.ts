import { KeyedLock, silentLogger, systemClock } from '@bakehouse/base';
import { MemorySnapshotStore } from '@bakehouse/fakes';
import { type HotContext, hotContext } from '../hot/hot-context.ts';

/** For tests without hot maps. */
export function noHotMaps(): HotContext {
  return hotContext('/nowhere/hot-maps', {
    maps: new MemorySnapshotStore(),
    locks: new KeyedLock(),
    clock: systemClock,
    logger: silentLogger,
  });
}
