import type { MetadataReader } from '@bakehouse/domain';
import type { StepFailure } from '@bakehouse/workflow-engine';
import type { WorkflowContext } from '../context.ts';

interface WantedWork<Result> {
  /** It is looked at again after each change of one of these records. */
  readonly recordIds: readonly string[];
  readonly isWanted: (reader: MetadataReader) => Promise<boolean>;
  /** What the step fails with when it is not. */
  readonly unwanted: StepFailure;
  readonly work: (signal: AbortSignal) => Promise<Result>;
  /** The step's own. */
  readonly signal: AbortSignal;
}

/** Does `work` with a signal that is also aborted when it is not wanted, from the beginning or later. */
export async function whileWanted<Result>(
  { metadata, changes, logger }: Pick<WorkflowContext, 'metadata' | 'changes' | 'logger'>,
  { recordIds, isWanted, unwanted, work, signal }: WantedWork<Result>,
): Promise<Result> {
  const ending = new AbortController();
  const check = async () => {
    if (!(await metadata.read(isWanted))) ending.abort(unwanted);
  };
  // Where the records cannot be read any more, the server is stopping: the step's own signal says so.
  const checkOrLog = () =>
    check().catch((error: unknown) => {
      logger.log('warn', 'not known whether work is still wanted', { recordIds, error });
    });
  const watches = recordIds.map((id) => changes.watch(id, () => void checkOrLog()));
  try {
    await check();
    ending.signal.throwIfAborted();
    return await work(AbortSignal.any([signal, ending.signal]));
  } catch (error) {
    // Whatever the interruption made of the work, this is why.
    throw ending.signal.aborted && !signal.aborted ? unwanted : error;
  } finally {
    for (const unwatch of watches) unwatch();
  }
}
