import { dayMs, hourMs } from '@bakehouse/base';
import type { MetadataTransaction, RecordKinds } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';

/** EC2 shows a terminated instance for about an hour, and remembers client tokens for a day. */
const keepTerminatedMs = hourMs;
const keepTokensMs = dayMs;
/** A deregistered image's id is remembered long enough for clients that ask after it. */
const keepTombstonesMs = 7 * dayMs;

/** Deletes the records of a kind that are over for longer than `keepMs`. */
async function forget<Kind extends 'instance' | 'clientToken' | 'tombstone'>(
  tx: MetadataTransaction,
  kind: Kind,
  isOver: (record: RecordKinds[Kind]) => boolean,
): Promise<void> {
  for (const record of await tx.list(kind)) if (isOver(record)) await tx.delete(kind, record.id);
}

/** Forgets what has been over for long enough. */
export async function forgetOld(
  context: Pick<WorkflowContext, 'metadata' | 'clock'>,
): Promise<void> {
  const now = context.clock.now();
  await context.metadata.write(async (tx) => {
    await forget(tx, 'instance', ({ state, terminatedAt = now }) => {
      return state === 'terminated' && now - terminatedAt > keepTerminatedMs;
    });
    await forget(tx, 'clientToken', (token) => now - token.createdAt > keepTokensMs);
    await forget(tx, 'tombstone', (stone) => now - stone.deletedAt > keepTombstonesMs);
  });
}
