import type { IdSource, TimestampMs } from '@bakehouse/base';
import type { MetadataTransaction, RegionName, Workflow, WorkflowId } from '@bakehouse/domain';

export interface WorkflowRequest {
  readonly kind: string;
  readonly region: RegionName;
  readonly lanes: readonly string[];
  readonly input: Workflow['input'];
}

/** A metadata transaction that can also begin work: the row is committed with the records. */
export interface ControlTransaction extends MetadataTransaction {
  enqueue(request: WorkflowRequest): Promise<WorkflowId>;
}

export interface SequenceSource {
  next(): number;
  /** Numbers from now on come after all of these, though the clock was set back since they were made. */
  startAfter(workflows: readonly Pick<Workflow, 'sequence'>[]): void;
}

/** Hands out sequence numbers that grow: milliseconds, then a counter. */
export function sequenceSource(now: () => TimestampMs): SequenceSource {
  let last = 0;
  return {
    next() {
      last = Math.max(last + 1, now() * 1000);
      return last;
    },
    startAfter(workflows) {
      for (const { sequence } of workflows) last = Math.max(last, sequence);
    },
  };
}

interface Enqueuer {
  readonly ids: IdSource;
  readonly now: TimestampMs;
  readonly sequences: SequenceSource;
}

/** Wraps a transaction; what it enqueued is in `begun`, to be started after the commit. */
export function controlTransaction(
  transaction: MetadataTransaction,
  { ids, now, sequences }: Enqueuer,
): { transaction: ControlTransaction; begun: Workflow[] } {
  const begun: Workflow[] = [];
  const enqueue = async (request: WorkflowRequest): Promise<WorkflowId> => {
    const workflow: Workflow = {
      ...request,
      id: ids.resource('wf'),
      sequence: sequences.next(),
      state: 'running',
      cursor: 0,
      attempts: 0,
      createdAt: now,
    };
    await transaction.put('workflow', workflow);
    begun.push(workflow);
    return workflow.id;
  };
  return {
    begun,
    transaction: {
      get: (kind, id) => transaction.get(kind, id),
      list: (kind, query) => transaction.list(kind, query),
      put: (kind, record) => transaction.put(kind, record),
      delete: (kind, id) => transaction.delete(kind, id),
      enqueue,
    },
  };
}
