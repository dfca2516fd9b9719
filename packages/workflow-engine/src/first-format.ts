import type { Failure, Lease, Workflow } from '@bakehouse/domain';

/** A row as it was before rows had versions: its cursor counts steps. */
export interface FirstFormatRow
  extends Omit<Workflow, 'version' | 'step' | 'failure' | 'owner' | 'epoch'> {
  /** How many steps are done; while unwinding, how many are left to undo. */
  readonly cursor: number;
  readonly attempts: number;
  readonly failure?: string;
}

/** What the steps of each kind were called when the cursor counted them. Never to be changed. */
export interface FirstFormat {
  readonly stepNames: Readonly<Record<string, readonly string[]>>;
  readonly failureOf: (message: string) => Failure;
}

const isFirstFormat = (row: Workflow | FirstFormatRow): row is FirstFormatRow => 'cursor' in row;

/** The row in today's format. A cursor that no kind explains becomes a step that no definition has, to be parked. */
export function toCurrentFormat(
  stored: Workflow | FirstFormatRow,
  { stepNames, failureOf }: FirstFormat,
  { holder: owner, epoch }: Pick<Lease, 'holder' | 'epoch'>,
): Workflow {
  if (!isFirstFormat(stored)) return stored;
  const { cursor, attempts: _, failure, ...rest } = stored;
  const at = stored.state === 'unwinding' ? cursor - 1 : cursor;
  return {
    ...rest,
    version: 1,
    step: stepNames[stored.kind]?.[at] ?? `step ${at + 1}`,
    ...(failure === undefined ? {} : { failure: failureOf(failure) }),
    owner,
    epoch,
  };
}
