import { messageOf } from '@bakehouse/base';
import type { BlockMapId, CaptureProgress, VerifyProblem } from '@bakehouse/domain';
import { pruneBlocks } from '../workflows/prune-blocks.ts';
import type { AdminContext, AdminHandler } from './admin-handler.ts';
import { readHoldings } from './read-holdings.ts';
import type { Holding } from './usage-rows.ts';

/** Removes all blocks that no record needs. */
export const prune: AdminHandler<'Prune'> = (context) => pruneBlocks(context);

/** The images, snapshots and volumes that lack something because of the problem. */
function touchedBy({ usedBy }: VerifyProblem, holdings: readonly Holding[]): readonly string[] {
  const maps = new Set<string>(usedBy);
  return holdings.filter(({ mapIds }) => mapIds.some((id) => maps.has(id))).map(({ id }) => id);
}

/** Compares a hot map with its map. The volumes that read it are the records that a damaged one affects. */
async function checkHot(
  { hot, signal }: AdminContext,
  mapId: BlockMapId,
  report: (progress: CaptureProgress) => void,
) {
  const about = {
    what: 'hot map',
    name: mapId,
    usedBy: [mapId],
    touches: await hot.usersOf(mapId),
  };
  try {
    const differing = await hot.check(mapId, { signal, onProgress: report });
    if (differing === 0) return [];
    return [{ ...about, problem: `${differing} blocks differ from the map; it is given up` }];
  } catch (error) {
    if (signal.aborted) throw error;
    return [{ ...about, problem: `could not be checked: ${messageOf(error)}` }];
  }
}

/** Reads every chunk, map and hot map; reports what is wrong and the records that it affects. */
export const verify: AdminHandler<'Verify'> = async (context, _, report) => {
  const { problems, ...counts } = await context.snapshots.verify(report);
  const holdings = problems.length === 0 ? [] : await context.metadata.read(readHoldings);
  const found = [];
  for (const { mapId } of await context.hot.list()) {
    found.push(...(await checkHot(context, mapId, report)));
  }
  return {
    ...counts,
    problems: [
      ...problems.map((each) => ({ ...each, touches: touchedBy(each, holdings) })),
      ...found,
    ],
  };
};
