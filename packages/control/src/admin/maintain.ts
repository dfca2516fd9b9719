import type { CaptureProgress } from '@bakehouse/domain';
import { pruneBlocks } from '../workflows/prune-blocks.ts';
import type { AdminOperation } from './admin-operation.ts';
import { withProgress } from './progress-queue.ts';

/** Removes what no record needs, now. */
export const prune: AdminOperation = async function* (context) {
  yield await pruneBlocks(context);
};

/** Reads every chunk and map and says what is wrong. */
export const verify: AdminOperation = (context) =>
  withProgress((report: (event: CaptureProgress) => void) => context.snapshots.verify(report));
