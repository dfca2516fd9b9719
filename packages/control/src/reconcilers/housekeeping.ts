import { dayMs, hourMs } from '@bakehouse/base';
import type { WorkflowContext } from '../context.ts';

/** EC2 shows a terminated instance for about an hour, and remembers client tokens for a day. */
const keepTerminatedMs = hourMs;
const keepTokensMs = dayMs;
/** A deregistered image's id is remembered long enough for clients that ask after it. */
const keepTombstonesMs = 7 * dayMs;

/** Forgets what has been over for long enough. */
export async function forgetOld(
  context: Pick<WorkflowContext, 'metadata' | 'clock'>,
): Promise<void> {
  const now = context.clock.now();
  await context.metadata.write(async (tx) => {
    for (const instance of await tx.list('instance', { where: { state: ['terminated'] } })) {
      const over = now - (instance.terminatedAt ?? now) > keepTerminatedMs;
      if (over) await tx.delete('instance', instance.id);
    }
    for (const token of await tx.list('clientToken')) {
      if (now - token.createdAt > keepTokensMs) await tx.delete('clientToken', token.id);
    }
    for (const tombstone of await tx.list('tombstone')) {
      if (now - tombstone.deletedAt > keepTombstonesMs) await tx.delete('tombstone', tombstone.id);
    }
  });
}
