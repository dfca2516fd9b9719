import { messageOf } from '@bakehouse/base';
import type { Failure, Workflow } from '@bakehouse/domain';
import type { AnyWorkflowDefinition, EarlierRow, PreparedStep } from './definition.ts';

/** Work that this program can go on with. */
export interface RunnableWork<Context> {
  readonly workflow: Workflow;
  readonly onFailure: 'unwind' | 'retry';
  readonly steps: readonly PreparedStep<Context>[];
}

/** What a row means to this program: work to run, or the reason to park it. */
export type OpenedRow<Context> =
  | { readonly work: RunnableWork<Context> }
  | { readonly workflow: Workflow; readonly problem: Failure };

export type Definitions<Context> = ReadonlyMap<string, AnyWorkflowDefinition<Context>>;

/** Codes of the reasons to park, for programs and tests. */
export const parkCodes = {
  kind: 'UnknownKind',
  version: 'UnknownVersion',
  step: 'UnknownStep',
  input: 'UnreadableInput',
} as const;

/** Reads a row by the definitions, through those of earlier versions where it is older. Never throws. */
export function openRow<Context>(
  row: Workflow,
  definitions: Definitions<Context>,
): OpenedRow<Context> {
  const definition = definitions.get(row.kind);
  const park = (code: string, message: string) => ({ workflow: row, problem: { code, message } });
  if (!definition) {
    return park(parkCodes.kind, `this version of Bakehouse has no workflow '${row.kind}'`);
  }
  try {
    const current = upgrade(row, definition);
    if (!current) {
      return park(
        parkCodes.version,
        `this version of Bakehouse runs version ${definition.version} of '${row.kind}', not ${row.version}`,
      );
    }
    if (!definition.stepNames.includes(current.step)) {
      return park(parkCodes.step, `'${row.kind}' has no step '${current.step}'`);
    }
    const steps = definition.prepare(current.input);
    return { work: { workflow: current, onFailure: definition.onFailure, steps } };
  } catch (error) {
    return park(parkCodes.input, `the input of '${row.kind}' cannot be read: ${messageOf(error)}`);
  }
}

/** The row in the definition's own version; undefined when no conversion leads there. */
function upgrade<Context>(
  row: Workflow,
  { version, earlier }: AnyWorkflowDefinition<Context>,
): Workflow | undefined {
  if (row.version === version) return row;
  let current: EarlierRow = row;
  for (let from = row.version; from < version; from += 1) {
    const convert = earlier[from];
    if (!convert) return undefined;
    current = convert(current);
  }
  if (row.version > version) return undefined;
  // Counts of failures belong to the steps of the earlier version.
  const { retries: _, ...rest } = row;
  return { ...rest, version, input: current.input, step: current.step };
}
