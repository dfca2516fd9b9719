import { setImmediate } from 'node:timers/promises';
import { dayMs, hourMs } from '@bakehouse/base';
import type { MetadataStore, RecordKinds } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { isHere } from '../settings.ts';

/** EC2 shows a terminated instance, and a NAT gateway that is deleted or failed, for about an hour. */
const keepTerminatedMs = hourMs;
/** EC2 remembers client tokens for a day. */
const keepTokensMs = dayMs;
/** A deregistered image's id is remembered long enough for clients that ask after it. */
const keepTombstonesMs = 7 * dayMs;
const keepBakesMs = 7 * dayMs;
/** Long enough for clients that wait for `disabled`. */
const keepDisabledMs = hourMs;

/** Records that one turn looks at: others have theirs in between. */
const pageSize = 500;

type Forgotten = 'instance' | 'natGateway' | 'clientToken' | 'tombstone' | 'bake' | 'fastRestore';

/** Deletes the records of a kind that are over. Each write looks again, as they may have changed since they were read. */
async function forget<Kind extends Forgotten>(
  metadata: MetadataStore,
  kind: Kind,
  isOver: (record: RecordKinds[Kind]) => boolean,
): Promise<void> {
  let after: string | undefined;
  do {
    const query = { limit: pageSize, ...(after === undefined ? {} : { after }) };
    const { records, next } = await metadata.read((tx) => tx.page(kind, query));
    const over = records.filter(isOver);
    if (over.length > 0) {
      await metadata.write(async (tx) => {
        const known = await tx.getMany(
          kind,
          over.map(({ id }) => id),
        );
        for (const record of known) if (record && isOver(record)) await tx.delete(kind, record.id);
      });
    }
    after = next;
    await setImmediate();
  } while (after !== undefined);
}

/** Deletes the records of what has been over for long enough. */
export async function forgetOld(
  context: Pick<ReconcilerContext, 'metadata' | 'clock' | 'settings'>,
): Promise<void> {
  const { metadata } = context;
  const now = context.clock.now();
  await forget(metadata, 'instance', (instance) => {
    const { state, terminatedAt = now } = instance;
    if (state !== 'terminated' || !isHere(context.settings)(instance)) return false;
    return now - terminatedAt > keepTerminatedMs;
  });
  await forget(metadata, 'natGateway', ({ state, createdAt, deletedAt = createdAt }) => {
    const isOver = state === 'deleted' || state === 'failed';
    return isOver && now - deletedAt > keepTerminatedMs;
  });
  await forget(metadata, 'clientToken', (token) => now - token.createdAt > keepTokensMs);
  await forget(metadata, 'bake', ({ endedAt = now }) => now - endedAt > keepBakesMs);
  await forget(metadata, 'fastRestore', ({ state, enteredAt: { disabled = now } }) => {
    return state === 'disabled' && now - disabled > keepDisabledMs;
  });
  await forget(metadata, 'tombstone', (tombstone) => now - tombstone.deletedAt > keepTombstonesMs);
}
