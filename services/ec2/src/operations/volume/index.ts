import type { OperationTable } from '../../operation.ts';
import { attachVolume } from './attach-volume.ts';
import { createVolume } from './create-volume.ts';
import { deleteVolume } from './delete-volume.ts';
import { describeVolumeAttribute } from './describe-volume-attribute.ts';
import { describeVolumeStatus } from './describe-volume-status.ts';
import { describeVolumes } from './describe-volumes.ts';
import { describeVolumesModifications } from './describe-volumes-modifications.ts';
import { detachVolume } from './detach-volume.ts';
import { modifyVolume } from './modify-volume.ts';
import { modifyVolumeAttribute } from './modify-volume-attribute.ts';

export const volumeOperations = {
  AttachVolume: attachVolume,
  CreateVolume: createVolume,
  DeleteVolume: deleteVolume,
  DescribeVolumeAttribute: describeVolumeAttribute,
  DescribeVolumeStatus: describeVolumeStatus,
  DescribeVolumes: describeVolumes,
  DescribeVolumesModifications: describeVolumesModifications,
  DetachVolume: detachVolume,
  ModifyVolume: modifyVolume,
  ModifyVolumeAttribute: modifyVolumeAttribute,
} satisfies OperationTable;
