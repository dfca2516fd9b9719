import type { VerifyProblem } from '@bakehouse/domain';
import { pruneBlocks } from '../workflows/prune-blocks.ts';
import type { AdminHandler } from './admin-handler.ts';
import { readHoldings } from './read-holdings.ts';
import type { Holding } from './usage-rows.ts';

/** Removes all blocks that no record needs. */
export const prune: AdminHandler<'Prune'> = (context) => pruneBlocks(context);

/** The images, snapshots and volumes that lack something because of the problem. */
function touchedBy({ usedBy }: VerifyProblem, holdings: readonly Holding[]): readonly string[] {
  const maps = new Set<string>(usedBy);
  return holdings.filter(({ mapIds }) => mapIds.some((id) => maps.has(id))).map(({ id }) => id);
}

/** Reads every chunk and map; reports what is wrong and the records that it affects. */
export const verify: AdminHandler<'Verify'> = async (context, _, report) => {
  const { problems, ...counts } = await context.snapshots.verify(report);
  const holdings = problems.length === 0 ? [] : await context.metadata.read(readHoldings);
  return {
    ...counts,
    problems: problems.map((each) => ({ ...each, touches: touchedBy(each, holdings) })),
  };
};
