import { hourMs, type TimestampMs } from '@bakehouse/base';
import type { BlockMapId } from '@bakehouse/domain';

/** How long a launch counts. */
const launchWindowMs = hourMs;
/** More launches of a map make no difference. */
const countedMax = 100;

/** When disks were made of each map. Not recorded: a server that starts counts again. */
export class RecentLaunches {
  readonly #times = new Map<BlockMapId, TimestampMs[]>();

  note(mapId: BlockMapId, now: TimestampMs): void {
    const times = this.#times.get(mapId) ?? [];
    times.push(now);
    this.#times.set(mapId, times.slice(-countedMax));
  }

  /** How many there were of each map within the window; maps without any are forgotten. */
  counts(now: TimestampMs): ReadonlyMap<BlockMapId, number> {
    const counts = new Map<BlockMapId, number>();
    for (const [mapId, times] of this.#times) {
      const recent = times.filter((at) => now - at <= launchWindowMs);
      if (recent.length === 0) this.#times.delete(mapId);
      else counts.set(mapId, recent.length);
    }
    return counts;
  }
}
