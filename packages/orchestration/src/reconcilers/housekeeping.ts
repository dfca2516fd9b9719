import { dayMs, hourMs } from '@bakehouse/base';
import type { MetadataTransaction, RecordKinds } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { isHere } from '../settings.ts';

/** EC2 shows a terminated instance for about an hour, and remembers client tokens for a day. */
const keepTerminatedMs = hourMs;
const keepTokensMs = dayMs;
/** A deregistered image's id is remembered long enough for clients that ask after it. */
const keepTombstonesMs = 7 * dayMs;
const keepBakesMs = 7 * dayMs;

/** Deletes the records of a kind that are over for longer than `keepMs`. */
async function forget<Kind extends 'instance' | 'clientToken' | 'tombstone' | 'bake'>(
  tx: MetadataTransaction,
  kind: Kind,
  isOver: (record: RecordKinds[Kind]) => boolean,
): Promise<void> {
  for (const record of await tx.list(kind)) if (isOver(record)) await tx.delete(kind, record.id);
}

/** Deletes the records of what has been over for long enough. */
export async function forgetOld(
  context: Pick<ReconcilerContext, 'metadata' | 'clock' | 'settings'>,
): Promise<void> {
  const now = context.clock.now();
  await context.metadata.write(async (tx) => {
    await forget(tx, 'instance', (instance) => {
      const { state, terminatedAt = now } = instance;
      if (state !== 'terminated' || !isHere(context.settings)(instance)) return false;
      return now - terminatedAt > keepTerminatedMs;
    });
    await forget(tx, 'clientToken', (token) => now - token.createdAt > keepTokensMs);
    await forget(tx, 'bake', ({ endedAt = now }) => now - endedAt > keepBakesMs);
    await forget(tx, 'tombstone', (tombstone) => now - tombstone.deletedAt > keepTombstonesMs);
  });
}
