import * as v from 'valibot';
import { countSchema, failureSchema, idSchema, listSchema, timestampSchema } from '../schema.ts';

const workStatuses = ['running', 'waiting', 'pausing', 'parked'] as const;

const work = v.object({
  workflowId: idSchema('wf'),
  kind: v.string(),
  version: countSchema,
  step: v.string(),
  /** `waiting`: for its lanes. `pausing`: before another try. `parked`: this program cannot continue it. */
  status: v.picklist(workStatuses),
  unwinding: v.boolean(),
  /** What it has for itself. */
  lanes: listSchema(v.string()),
  createdAt: timestampSchema,
  /** The last failure of its step, or why it is parked. */
  problem: v.exactOptional(failureSchema),
});

const workflowId = idSchema('wf');

export const platformCalls = {
  /** What no record names: processes, interfaces, files. With `fix` they are removed. */
  Leftovers: {
    input: v.strictObject({ fix: v.exactOptional(v.boolean()) }),
    result: v.object({
      leftovers: listSchema(
        v.object({
          kind: v.string(),
          name: v.string(),
          problem: v.string(),
          remedy: v.string(),
        }),
      ),
      /** How many were removed. */
      removed: countSchema,
    }),
  },
  /** Deletes parked work where it is. What it left half done stays, and what waits behind it goes on. */
  WorkflowDrop: {
    input: v.strictObject({ workflowId }),
    result: v.object({ workflowId }),
  },
  /** All work that has not ended, in order, or what of it has the status. */
  WorkflowList: {
    input: v.strictObject({ status: v.exactOptional(v.picklist(workStatuses)) }),
    result: v.object({ workflows: listSchema(work) }),
  },
  /** Tries again now what pauses or is parked. `problem` is why it stays parked. */
  WorkflowRetry: {
    input: v.strictObject({ workflowId }),
    result: v.object({ workflowId, problem: v.exactOptional(failureSchema) }),
  },
};
