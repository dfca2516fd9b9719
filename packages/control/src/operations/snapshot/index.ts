import type { OperationTable } from '../../operation.ts';
import { createSnapshot } from './create-snapshot.ts';
import { createSnapshots } from './create-snapshots.ts';
import { deleteSnapshot } from './delete-snapshot.ts';
import { describeSnapshots } from './describe-snapshots.ts';

export const snapshotOperations = {
  CreateSnapshot: createSnapshot,
  CreateSnapshots: createSnapshots,
  DeleteSnapshot: deleteSnapshot,
  DescribeSnapshots: describeSnapshots,
} satisfies OperationTable;
