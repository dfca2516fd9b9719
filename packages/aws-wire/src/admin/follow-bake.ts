import type { AdminInput, AdminResult, WorkProgress } from '@bakehouse/admin-api';
import { adminClient } from './admin-client.ts';
import type { AdminClientOptions } from './admin-transport.ts';
import { watchUntil } from './watch-until.ts';

type BakeResult = AdminResult<'BakeList'>['bakes'][number];

/** Waits until a bake has ended, over restarts of the server, and returns what became of it. */
export async function followBake(
  options: AdminClientOptions,
  { bakeId }: AdminInput<'BakeCancel'>,
  {
    onProgress,
    signal,
  }: {
    readonly onProgress?: (progress: WorkProgress) => void;
    readonly signal?: AbortSignal;
  } = {},
): Promise<BakeResult> {
  const admin = adminClient(options);
  const look = async () => {
    const { bakes } = await admin.call('BakeList', { bakeId }, signal ? { signal } : {});
    const [bake] = bakes;
    if (bake?.state !== 'in-progress') return bake;
    // Events begin where the wait does.
    if (bake.progress) onProgress?.(bake.progress);
    return undefined;
  };
  return await watchUntil(
    options,
    {
      ids: [bakeId],
      look,
      // Otherwise a look might find the end before the progress that led to it is read.
      mayBeEnd: ({ state }) => state !== 'in-progress',
      onEvent: (event) => {
        if (event.type === 'progress') onProgress?.(event);
      },
    },
    signal,
  );
}
