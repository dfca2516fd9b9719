import type { OperationTable } from '../../operation.ts';
import { createSnapshot } from './create-snapshot.ts';
import { createSnapshots } from './create-snapshots.ts';
import { deleteSnapshot } from './delete-snapshot.ts';
import { describeFastSnapshotRestores } from './describe-fast-snapshot-restores.ts';
import { describeSnapshotAttribute } from './describe-snapshot-attribute.ts';
import { describeSnapshots } from './describe-snapshots.ts';
import { disableFastSnapshotRestores } from './disable-fast-snapshot-restores.ts';
import { enableFastSnapshotRestores } from './enable-fast-snapshot-restores.ts';
import { modifySnapshotAttribute } from './modify-snapshot-attribute.ts';
import { resetSnapshotAttribute } from './reset-snapshot-attribute.ts';

export const snapshotOperations = {
  CreateSnapshot: createSnapshot,
  CreateSnapshots: createSnapshots,
  DeleteSnapshot: deleteSnapshot,
  DescribeFastSnapshotRestores: describeFastSnapshotRestores,
  DescribeSnapshotAttribute: describeSnapshotAttribute,
  DescribeSnapshots: describeSnapshots,
  DisableFastSnapshotRestores: disableFastSnapshotRestores,
  EnableFastSnapshotRestores: enableFastSnapshotRestores,
  ModifySnapshotAttribute: modifySnapshotAttribute,
  ResetSnapshotAttribute: resetSnapshotAttribute,
} satisfies OperationTable;
