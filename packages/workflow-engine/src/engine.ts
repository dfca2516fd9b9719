import { isDeepStrictEqual } from 'node:util';
import { type Clock, type IdSource, KeyedLock, type Logger } from '@bakehouse/base';
import type {
  Failure,
  HostId,
  Lease,
  MetadataReader,
  MetadataStore,
  MetadataTransaction,
  Workflow,
  WorkflowId,
} from '@bakehouse/domain';
import type { AnyWorkflowDefinition } from './definition.ts';
import { type FirstFormat, toCurrentFormat } from './first-format.ts';
import type { LaneWatcher } from './lane-watcher.ts';
import { type LiveWork, type WorkItem, WorkList } from './live-work.ts';
import { type OpenedRow, openRow } from './open-row.ts';
import { FencedError, RowMissingError } from './run.ts';
import type { FailureNamer } from './step-failure.ts';
import {
  type ControlTransaction,
  isWorkOf,
  type SequenceSource,
  sequenceSource,
  WorkTransaction,
} from './transaction.ts';
import type { Widths } from './widths.ts';

export interface WorkflowEngineOptions<Context> {
  readonly metadata: MetadataStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly definitions: readonly AnyWorkflowDefinition<Context>[];
  /** What steps work with; asked for at each run. */
  readonly context: () => Context;
  readonly widths?: Widths;
  readonly lanes?: LaneWatcher;
  /** Absent where this process alone can open the store. */
  readonly lease?: Lease;
  /** The host whose drivers the steps have. Work of other hosts is refused, or left to their servers. */
  readonly hostId?: HostId;
  readonly nameOf?: FailureNamer;
  readonly firstFormat?: FirstFormat;
}

/** Commits intents with the work that they need, and runs that work. */
export interface WorkflowEngine {
  /** A metadata transaction whose enqueued workflows start when it is committed. */
  write<Result>(work: (transaction: ControlTransaction) => Promise<Result>): Promise<Result>;
  /** Resolves when the named step is done, the workflow has ended, or `timeoutMs` has passed. */
  reached(workflowId: WorkflowId, stepName: string, timeoutMs: number): Promise<void>;
  /**
   * Takes over what earlier servers left, and parks what this program does not know. To be called once; nothing runs
   * before.
   */
  resume(): Promise<void>;
  /** The work that has not ended, or what of it has this status, in the order in which it was enqueued. */
  list(status?: WorkItem['status']): readonly WorkItem[];
  /**
   * Tries again now: what pauses before another try, and what is parked, if this program knows it by now. Rejects with
   * `WorkNotFoundError`; returns the problem with which work stays parked.
   */
  retry(workflowId: WorkflowId): Promise<Failure | undefined>;
  /**
   * Deletes parked work, as if it had ended there; what waits behind it continues. Rejects with
   * `WorkNotFoundError` for work that is not parked, also when an earlier `retry` has just let it go on.
   */
  drop(workflowId: WorkflowId): Promise<void>;
  /** Why this server runs no work any more, although nobody stopped it. */
  readonly haltedBecause: string | undefined;
  /**
   * Resolves when nothing runs any more; parked work and what waits behind it stay. Rejects when the engine stops or
   * loses its lease before that.
   */
  settle(): Promise<void>;
  /** Interrupts the running steps and waits for them; `resume` of another engine goes on. */
  stop(): Promise<void>;
}

/** There is no such work, or it is not in a state for this call. */
export class WorkNotFoundError extends Error {
  override readonly name = 'WorkNotFoundError';
}

const soleOwner: Omit<Lease, 'lost'> = { holder: 'local', epoch: 0 };

const unnamed = (message: string): Failure => ({ code: 'InternalError', message });

/** Rows in the store are the truth; memory only knows which of them run. */
class Engine<Context> implements WorkflowEngine {
  readonly #options: WorkflowEngineOptions<Context>;
  readonly #definitions: ReadonlyMap<string, AnyWorkflowDefinition<Context>>;
  readonly #lease: Omit<Lease, 'lost'>;
  readonly #sequences: SequenceSource;
  readonly #list: WorkList<Context>;
  readonly #operatorCalls = new KeyedLock();
  readonly #stopping = new AbortController();
  /** Rows that were committed while `resume` read the others. */
  readonly #early: OpenedRow<Context>[] = [];
  /** New rows wait until then, because older ones of their lanes are not known yet. */
  #hasResumed = false;
  #sequencesRead: Promise<void> | undefined;
  #haltedBecause: string | undefined;

  constructor(options: WorkflowEngineOptions<Context>) {
    this.#options = options;
    this.#definitions = new Map(options.definitions.map((each) => [each.kind, each]));
    this.#lease = options.lease ?? soleOwner;
    this.#sequences = sequenceSource(() => options.clock.now());
    this.#list = this.#makeList();
  }

  async write<Result>(work: (transaction: ControlTransaction) => Promise<Result>): Promise<Result> {
    if (!this.#hasResumed) await this.#readSequences();
    return await this.#transact(work);
  }

  reached(workflowId: WorkflowId, stepName: string, timeoutMs: number): Promise<void> {
    return this.#list.reached(workflowId, stepName, timeoutMs);
  }

  async resume(): Promise<void> {
    await this.#readSequences();
    const opened = await this.#options.metadata.write((records) => this.#takeOver(records));
    this.#hasResumed = true;
    for (const each of opened) {
      if (!('problem' in each)) continue;
      const { id, kind } = each.workflow;
      this.#options.logger.log('error', 'workflow parked', {
        workflow: id,
        kind,
        ...each.problem,
      });
    }
    this.#list.add(opened, { isResumed: true });
    this.#list.add(this.#early.splice(0), { isResumed: false });
  }

  get haltedBecause(): string | undefined {
    return this.#haltedBecause;
  }

  list(status?: WorkItem['status']): readonly WorkItem[] {
    return this.#list.items(status);
  }

  retry(workflowId: WorkflowId): Promise<Failure | undefined> {
    return this.#operatorCall(workflowId, () => this.#retry(workflowId));
  }

  drop(workflowId: WorkflowId): Promise<void> {
    return this.#operatorCall(workflowId, () => this.#drop(workflowId));
  }

  settle(): Promise<void> {
    return this.#list.settle();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the control plane stops'));
    await this.#list.stopped();
  }

  /** Those of one workflow come one after the other: each finds what the one before it has made of the work. */
  #operatorCall<Result>(id: WorkflowId, call: () => Promise<Result>): Promise<Result> {
    return this.#operatorCalls.run([id], async () => {
      try {
        return await call();
      } catch (error) {
        if (error instanceof FencedError) this.#halt(error);
        throw error;
      }
    });
  }

  async #retry(workflowId: WorkflowId): Promise<Failure | undefined> {
    const work = this.#find(workflowId, () => true);
    try {
      return await this.#list.retry(work);
    } catch (error) {
      if (!(error instanceof RowMissingError)) throw error;
      throw new WorkNotFoundError(`the row of ${workflowId} was deleted, its work has ended`);
    }
  }

  async #drop(workflowId: WorkflowId): Promise<void> {
    const work = this.#find(workflowId, ({ parked }) => parked !== undefined);
    const row = await this.#options.metadata.write(async (records) => {
      const stored = await this.#ownRow(records, workflowId);
      if (stored) await records.delete('workflow', workflowId);
      return stored;
    });
    if (row) this.#list.drop(work);
    else this.#list.abandon(work);
    const { kind } = work.workflow;
    this.#options.logger.log('warn', 'parked workflow dropped', { workflow: workflowId, kind });
  }

  #makeList(): WorkList<Context> {
    const { metadata, clock, logger, context, widths = {}, nameOf, lanes, lease } = this.#options;
    const { signal } = this.#stopping;
    return new WorkList<Context>({
      clock,
      logger,
      signal: lease ? AbortSignal.any([signal, lease.lost]) : signal,
      context,
      widths,
      nameOf: nameOf ?? (() => undefined),
      drawSequence: () => this.#sequences.next(),
      reopen: async (id) => {
        const row = await metadata.read((reader) => this.#ownRow(reader, id));
        return row && openRow(row, this.#definitions);
      },
      write: (id, work) =>
        this.#transact(async (transaction) => {
          const row = await this.#ownRow(transaction, id);
          if (!row) throw new RowMissingError(id);
          return await work(transaction, row);
        }),
      onFenced: (error) => this.#halt(error),
      ...(lanes ? { lanes } : {}),
    });
  }

  /** Another server has taken over: nothing more is to be done here. */
  #halt(error: FencedError): void {
    const message = 'another server runs the workflows now; this one stops its own';
    this.#options.logger.log('error', message, { error });
    this.#haltedBecause ??= error.message;
    this.#stopping.abort(error);
  }

  /**
   * The row, or undefined when there is none. The next server takes over every row, and may have ended this one's work:
   * any row of a later epoch shows that.
   */
  async #ownRow(reader: MetadataReader, id: WorkflowId): Promise<Workflow | undefined> {
    const row = await reader.get('workflow', id);
    const { epoch } = this.#lease;
    const isOurs = row
      ? row.epoch === epoch
      : (await reader.list('workflow')).every((other) => other.epoch <= epoch);
    if (!isOurs) throw new FencedError(id);
    return row;
  }

  /** A transaction whose enqueued work starts after the commit. */
  async #transact<Result>(
    work: (transaction: ControlTransaction) => Promise<Result>,
  ): Promise<Result> {
    const { metadata, clock, ids, hostId } = this.#options;
    const now = () => clock.now();
    const lease = this.#lease;
    const source = { ids, now, sequences: this.#sequences, lease, ...(hostId ? { hostId } : {}) };
    let begun: readonly Workflow[] = [];
    const result = await metadata.write(async (records) => {
      const transaction = new WorkTransaction(records, source);
      begun = transaction.begun;
      return await work(transaction);
    });
    const opened = begun.map((row) => openRow(row, this.#definitions));
    if (this.#hasResumed) this.#list.add(opened, { isResumed: false });
    else this.#early.push(...opened);
    return result;
  }

  #readSequences(): Promise<void> {
    this.#sequencesRead ??= this.#options.metadata
      .read(async (reader) => {
        for (const { sequence } of await reader.list('workflow')) {
          this.#sequences.startAfter(sequence);
        }
      })
      .catch((error: unknown) => {
        // The next caller reads again.
        this.#sequencesRead = undefined;
        throw error;
      });
    return this.#sequencesRead;
  }

  /** Reads every row of this host by the definitions, and makes it this server's. */
  async #takeOver(records: MetadataTransaction): Promise<readonly OpenedRow<Context>[]> {
    const { firstFormat = { stepNames: {}, failureOf: unnamed }, clock, hostId } = this.#options;
    const { holder: owner, epoch } = this.#lease;
    const opened: OpenedRow<Context>[] = [];
    for (const stored of await records.list('workflow')) {
      if (!isWorkOf(hostId, stored)) continue;
      const { parked, ...row } = toCurrentFormat(stored, firstFormat, this.#lease);
      const each = openRow({ ...row, owner, epoch }, this.#definitions);
      opened.push(each);
      const since = parked?.since ?? clock.now();
      const next =
        'problem' in each
          ? { ...each.workflow, parked: { ...each.problem, since } }
          : each.work.workflow;
      if (!isDeepStrictEqual(next, stored)) await records.put('workflow', next);
    }
    return opened;
  }

  #find(id: WorkflowId, isWanted: (work: LiveWork<Context>) => boolean): LiveWork<Context> {
    const work = this.#list.get(id);
    if (work && isWanted(work)) return work;
    throw new WorkNotFoundError(work ? `${id} is not parked` : `there is no work ${id}`);
  }
}

export const createWorkflowEngine = <Context>(
  options: WorkflowEngineOptions<Context>,
): WorkflowEngine => new Engine(options);
