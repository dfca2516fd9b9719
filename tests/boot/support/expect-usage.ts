import { expect } from 'vitest';
import type { Platform } from './platform.ts';
import { prune, readUsage, type Usage } from './usage.ts';
import { until } from './wait.ts';

/** What `usage` says when nothing is left to remove. */
export async function usageAtRest(platform: Platform): Promise<Usage> {
  await prune(platform);
  return await readUsage(platform);
}

/** Deleted blocks and disks go in the background, so this waits until the storage is as it was. */
export async function expectUsage(platform: Platform, before: Usage): Promise<void> {
  await until('the storage as it was', async () => {
    const { store, overlays, memories, rows } = await usageAtRest(platform);
    expect(rows).toEqual(before.rows);
    expect(overlays).toEqual(before.overlays);
    expect(memories).toEqual(before.memories);
    expect(store.liveBytes).toBe(before.store.liveBytes);
    expect(store.reclaimableBytes).toBe(0);
    return true;
  });
}
