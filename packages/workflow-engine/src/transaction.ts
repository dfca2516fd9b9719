import type { IdSource, TimestampMs } from '@bakehouse/base';
import {
  type HostId,
  type Lease,
  type MetadataTransaction,
  refuseWorkElsewhere,
  type Workflow,
  type WorkflowId,
} from '@bakehouse/domain';

/** What a definition knows of a workflow that begins. */
export type NewWorkflow = Pick<
  Workflow,
  'kind' | 'version' | 'region' | 'hostId' | 'lanes' | 'input' | 'step'
> & {
  /** Drawn by the caller when records name the work; else drawn here. */
  readonly id?: WorkflowId;
};

/** A metadata transaction that can also begin work: the row is committed with the records. */
export interface ControlTransaction extends MetadataTransaction {
  /**
   * For definitions; all others call a definition's `enqueue`. Rejects with `Unavailable` for work that needs another
   * host's drivers.
   */
  begin(workflow: NewWorkflow): Promise<WorkflowId>;
}

export interface SequenceSource {
  next(): number;
  /** Numbers from now on come after this one, although the clock may have been set back since it was drawn. */
  startAfter(sequence: number): void;
}

/** Hands out sequence numbers that grow: milliseconds, then a counter. */
export function sequenceSource(now: () => TimestampMs): SequenceSource {
  let last = 0;
  return {
    next() {
      last = Math.max(last + 1, now() * 1000);
      return last;
    },
    startAfter(sequence) {
      last = Math.max(last, sequence);
    },
  };
}

export interface RowSource {
  readonly ids: IdSource;
  readonly now: () => TimestampMs;
  readonly sequences: SequenceSource;
  readonly lease: Pick<Lease, 'holder' | 'epoch'>;
  readonly hostId?: HostId;
}

/** Whether the server of `hostId` may do the work. A server without a host does all. */
export const isWorkOf = (hostId: HostId | undefined, work: Pick<Workflow, 'hostId'>): boolean =>
  hostId === undefined || work.hostId === undefined || work.hostId === hostId;

/** The transaction that operations and steps get. What began in it is in `begun`, to be started after the commit. */
export class WorkTransaction implements ControlTransaction {
  readonly begun: Workflow[] = [];
  readonly #records: MetadataTransaction;
  readonly #source: RowSource;

  constructor(records: MetadataTransaction, source: RowSource) {
    this.#records = records;
    this.#source = source;
  }

  async begin(workflow: NewWorkflow): Promise<WorkflowId> {
    const { ids, now, sequences, lease, hostId } = this.#source;
    if (hostId && workflow.hostId) {
      refuseWorkElsewhere({ lanes: workflow.lanes, hostId: workflow.hostId }, hostId);
    }
    const row: Workflow = {
      ...workflow,
      lanes: [...new Set(workflow.lanes)],
      id: workflow.id ?? ids.resource('wf'),
      sequence: sequences.next(),
      state: 'running',
      owner: lease.holder,
      epoch: lease.epoch,
      createdAt: now(),
    };
    await this.put('workflow', row);
    this.begun.push(row);
    return row.id;
  }

  get: MetadataTransaction['get'] = (kind, id) => this.#records.get(kind, id);

  getMany: MetadataTransaction['getMany'] = (kind, ids) => this.#records.getMany(kind, ids);

  list: MetadataTransaction['list'] = (kind, query) => this.#records.list(kind, query);

  page: MetadataTransaction['page'] = (kind, query) => this.#records.page(kind, query);

  count: MetadataTransaction['count'] = (kind, query) => this.#records.count(kind, query);

  put: MetadataTransaction['put'] = (kind, record) => this.#records.put(kind, record);

  delete: MetadataTransaction['delete'] = (kind, id) => this.#records.delete(kind, id);
}
