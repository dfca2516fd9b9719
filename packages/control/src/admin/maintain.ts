import type { CaptureProgress, VerifyProblem } from '@bakehouse/domain';
import { pruneBlocks } from '../workflows/prune-blocks.ts';
import type { AdminOperation } from './admin-operation.ts';
import { withProgress } from './progress-queue.ts';
import { readHoldings } from './read-holdings.ts';
import type { Holding } from './usage-rows.ts';

/** Removes what no record needs, now. */
export const prune: AdminOperation = async function* (context) {
  yield await pruneBlocks(context);
};

/** The images, snapshots and volumes that lack something because of the problem. */
function touchedBy({ usedBy }: VerifyProblem, holdings: readonly Holding[]): readonly string[] {
  const maps = new Set<string>(usedBy);
  return holdings.filter(({ mapIds }) => mapIds.some((id) => maps.has(id))).map(({ id }) => id);
}

/** Reads every chunk and map and says what is wrong, and whom it touches. */
export const verify: AdminOperation = (context) =>
  withProgress(async (report: (event: CaptureProgress) => void) => {
    const { problems, ...counts } = await context.snapshots.verify(report);
    const holdings = problems.length === 0 ? [] : await context.metadata.read(readHoldings);
    const told = problems.map((each) => ({ ...each, touches: touchedBy(each, holdings) }));
    return { ...counts, problems: told };
  });
