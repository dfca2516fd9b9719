import type { Clock } from '@bakehouse/base';
import type { ComputeLimits } from './compute-limits.ts';
import { killProcess, untilGone } from './machine-process.ts';
import type { MachineSession } from './machine-session.ts';

/** Ends a machine at once; resolves when its process is gone and its end was told. */
export async function endMachine(
  session: MachineSession,
  { clock, limits }: { readonly clock: Clock; readonly limits: ComputeLimits },
): Promise<void> {
  const { pid, folder } = session;
  await session.expectKill();
  const quit = async () => {
    const client = await session.client();
    await client.execute('quit', {}, { timeoutMs: limits.quitMs });
  };
  // Dirty bitmaps are stored only at an orderly end; there is a moment for that, and no more.
  void quit().catch(() => {});
  await untilGone(pid, { folder, clock, timeoutMs: limits.quitMs }).catch(async () => {
    await killProcess(pid, folder);
    await untilGone(pid, { folder, clock, timeoutMs: limits.goneMs });
  });
  await session.ended;
}
