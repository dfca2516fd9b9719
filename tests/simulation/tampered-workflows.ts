import type { WorkflowContext } from '@bakehouse/orchestration';
import { workflowDefinitions } from '@bakehouse/orchestration/testing';
import {
  type AnyWorkflowDefinition,
  type Commit,
  type PreparedAction,
  StepFailure,
  type WorkInProgress,
} from '@bakehouse/workflow-engine';

/** Which action of which workflow. */
export interface Place {
  readonly kind: string;
  readonly step: string;
  readonly direction: 'run' | 'undo';
}

export const placeName = ({ kind, step, direction }: Place) => `${kind}: ${direction} ${step}`;

/**
 * In place of an action's call. `attempt` runs the real one. A call that never settles is what a crash looks like from
 * within.
 */
export type Tamper = (
  place: Place,
  attempt: () => Promise<Commit | undefined>,
) => Promise<Commit | undefined>;

/** The product's workflows, each of whose actions is called by `tamper`. */
export function tamperedWith(tamper: Tamper): readonly AnyWorkflowDefinition<WorkflowContext>[] {
  const wrap = (place: Place, action: PreparedAction<WorkflowContext>) => ({
    ...action,
    perform: (context: WorkflowContext, work: WorkInProgress) =>
      tamper(place, () => action.perform(context, work)),
  });
  return workflowDefinitions.map((definition) => ({
    ...definition,
    prepare: (input: unknown) =>
      definition.prepare(input).map((step) => {
        const at = { kind: definition.kind, step: step.name };
        return {
          ...step,
          ...(step.run ? { run: wrap({ ...at, direction: 'run' }, step.run) } : {}),
          ...(step.undo ? { undo: wrap({ ...at, direction: 'undo' }, step.undo) } : {}),
        };
      }),
  }));
}

/** More often than any rule tries again, so that the work unwinds, or goes on by its fallback. */
const failuresToGiveUp = 4;

/** Fails at the place until the work gives up, before or after the action was done. */
export function failingAt(wanted: string, when: 'before' | 'after'): Tamper {
  let left = failuresToGiveUp;
  return async (place, attempt) => {
    if (placeName(place) !== wanted || left === 0) return await attempt();
    left -= 1;
    if (when === 'after') await attempt();
    throw new StepFailure('Injected', `injected ${when} ${wanted}`);
  };
}

/** Does the action twice each time. */
export const repeatingAt =
  (wanted: string): Tamper =>
  async (place, attempt) => {
    if (placeName(place) === wanted) await attempt();
    return await attempt();
  };

/** The server dies at the place: before the action, or after it and before its commit. */
export const crashingAt =
  (wanted: string, when: 'before' | 'after', die: () => void): Tamper =>
  async (place, attempt) => {
    if (placeName(place) !== wanted) return await attempt();
    if (when === 'after') await attempt();
    die();
    return await new Promise<never>(() => {});
  };

/** Every action of every workflow. */
export const places: readonly Place[] = workflowDefinitions.flatMap(({ kind, actions }) =>
  actions.map((action) => ({ kind, ...action })),
);
