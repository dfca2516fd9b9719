import { type Clock, type IdSource, invariant, type Logger } from '@bakehouse/base';
import type { MetadataStore, Workflow, WorkflowId } from '@bakehouse/domain';
import type { AnyWorkflowDefinition } from './definition.ts';
import type { LaneWatcher } from './lane-watcher.ts';
import { Lanes } from './lanes.ts';
import { runWorkflow } from './run.ts';
import { type ControlTransaction, controlTransaction, sequenceSource } from './transaction.ts';

export interface WorkflowEngineOptions<Context> {
  readonly metadata: MetadataStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly definitions: readonly AnyWorkflowDefinition<Context>[];
  readonly lanes?: LaneWatcher;
  /** What steps work with; asked for once, at `resume`. */
  readonly context: () => Context;
}

/** Commits intents with the work that they need, and runs that work. */
export interface WorkflowEngine {
  /** A metadata transaction whose enqueued workflows start when it is committed. */
  write<Result>(work: (transaction: ControlTransaction) => Promise<Result>): Promise<Result>;
  /** Resolves when the named step is done, the workflow has ended, or `timeoutMs` has passed. */
  reached(workflowId: WorkflowId, stepName: string, timeoutMs: number): Promise<void>;
  /** Picks up what an earlier control plane left; to be called once. Nothing runs before. */
  resume(): Promise<void>;
  /** Resolves when nothing is left to do. */
  settle(): Promise<void>;
  /** Interrupts the running steps and waits for them; `resume` of another engine goes on. */
  stop(): Promise<void>;
}

interface Live {
  workflow: Workflow;
  run?: Promise<void>;
  /** Names of steps done, and who waits for them. */
  readonly done: Set<string>;
  readonly waiters: Set<() => void>;
}

const storeRetryMs = 5000;

/** The engine: rows in the store are the truth, memory only knows which of them run. */
export function createWorkflowEngine<Context>(
  options: WorkflowEngineOptions<Context>,
): WorkflowEngine {
  const { metadata, clock, ids, logger } = options;
  const definitions = new Map(options.definitions.map((each) => [each.kind, each]));
  const sequences = sequenceSource(() => clock.now());
  const lanes = new Lanes();
  const live = new Map<WorkflowId, Live>();
  const stopping = new AbortController();
  let idle: (() => void)[] = [];
  /** Until then new rows wait in the store: older ones of their lanes are not known yet. */
  let resumed = false;

  const wake = (entry: Live) => {
    for (const waiter of [...entry.waiters]) waiter();
  };

  const finish = (entry: Live) => {
    live.delete(entry.workflow.id);
    wake(entry);
    for (const id of lanes.remove(entry.workflow)) startIfFirst(id);
    // After the next in the lanes have taken them.
    options.lanes?.free(entry.workflow.lanes);
    if (live.size > 0) return;
    for (const resolve of idle.splice(0)) resolve();
  };

  const attempt = (entry: Live, definition: AnyWorkflowDefinition<Context>, row: Workflow) =>
    runWorkflow(row, {
      definition,
      context: options.context(),
      metadata,
      clock,
      logger,
      signal: stopping.signal,
      onStep(_, stepName) {
        entry.done.add(stepName);
        wake(entry);
      },
    });

  /** A store that cannot take the row (a full disk) is asked again, from what the row says then. */
  const run = async (entry: Live, definition: AnyWorkflowDefinition<Context>) => {
    let row: Workflow | undefined = entry.workflow;
    await options.lanes?.take(row.lanes);
    while (row && !stopping.signal.aborted) {
      try {
        await attempt(entry, definition, row);
        break;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const { id, kind } = entry.workflow;
        logger.log('error', 'workflow cannot be recorded, trying again', { id, kind, error });
        await clock.sleep(storeRetryMs, stopping.signal).catch(() => {});
        row = await metadata.read((tx) => tx.get('workflow', id)).catch(() => row);
      }
    }
    if (!stopping.signal.aborted) finish(entry);
  };

  const startIfFirst = (id: WorkflowId) => {
    const entry = live.get(id);
    if (!entry || entry.run || stopping.signal.aborted) return;
    if (!lanes.isFirst(entry.workflow)) return;
    const definition = definitions.get(entry.workflow.kind);
    invariant(definition, `a workflow of kind ${entry.workflow.kind} is defined`);
    entry.run = run(entry, definition);
  };

  const begin = (workflows: readonly Workflow[]) => {
    for (const workflow of workflows) {
      live.set(workflow.id, { workflow, done: new Set(), waiters: new Set() });
      lanes.add(workflow);
    }
    for (const workflow of workflows) startIfFirst(workflow.id);
  };

  return {
    async write(work) {
      let begun: Workflow[] = [];
      const result = await metadata.write(async (tx) => {
        if (!resumed) sequences.startAfter(await tx.list('workflow'));
        const wrapped = controlTransaction(tx, { ids, now: clock.now(), sequences });
        begun = wrapped.begun;
        return await work(wrapped.transaction);
      });
      if (resumed) begin(begun);
      return result;
    },

    async reached(workflowId, stepName, timeoutMs) {
      const entry = live.get(workflowId);
      if (!entry || entry.done.has(stepName)) return;
      const timeout = new AbortController();
      const done = new Promise<void>((resolve) => {
        const waiter = () => {
          if (live.has(workflowId) && !entry.done.has(stepName)) return;
          entry.waiters.delete(waiter);
          resolve();
        };
        entry.waiters.add(waiter);
      });
      const late = clock.sleep(timeoutMs, timeout.signal).catch(() => {});
      await Promise.race([done, late]);
      timeout.abort();
    },

    async resume() {
      resumed = true;
      const rows = await metadata.read((tx) => tx.list('workflow'));
      sequences.startAfter(rows);
      const unknown = rows.filter((row) => !live.has(row.id));
      begin(unknown.sort((a, b) => a.sequence - b.sequence));
    },

    async settle() {
      if (live.size === 0) return;
      await new Promise<void>((resolve) => idle.push(resolve));
    },

    async stop() {
      stopping.abort(new Error('the control plane stops'));
      await Promise.allSettled([...live.values()].map((entry) => entry.run));
      idle = [];
    },
  };
}
