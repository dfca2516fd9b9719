import { endProcess, waitForEnd } from '@bakehouse/host';
import type { ComputeContext } from './compute-options.ts';
import type { MachineSession } from './machine-session.ts';

/** Ends a machine at once. Resolves when its process has ended and its end was emitted. */
export async function endMachine(
  session: MachineSession,
  { clock, limits }: Pick<ComputeContext, 'clock' | 'limits'>,
): Promise<void> {
  const { process } = session;
  await session.expectKill();
  const quit = async () => {
    const client = await session.client();
    await client.execute('quit', {}, { timeoutMs: limits.quitMs });
  };
  // QEMU stores dirty bitmaps only when it quits in order, so it gets a moment for that.
  void quit().catch(() => {});
  if (!(await waitForEnd(process, { clock, timeoutMs: limits.quitMs }))) {
    const what = `QEMU of ${session.record.instanceId}`;
    await endProcess(process, { what, clock, graceMs: 0, killMs: limits.goneMs });
  }
  await session.ended;
}
