import type { OperationTable } from '../../operation.ts';
import { cancelImageLaunchPermission } from './cancel-image-launch-permission.ts';
import { createImage } from './create-image.ts';
import { deregisterImage } from './deregister-image.ts';
import { describeFastLaunchImages } from './describe-fast-launch-images.ts';
import { describeImageAttribute } from './describe-image-attribute.ts';
import { describeImages } from './describe-images.ts';
import { disableFastLaunch } from './disable-fast-launch.ts';
import { enableFastLaunch } from './enable-fast-launch.ts';
import { modifyImageAttribute } from './modify-image-attribute.ts';
import { registerImage } from './register-image.ts';
import { resetImageAttribute } from './reset-image-attribute.ts';

export const imageOperations = {
  CancelImageLaunchPermission: cancelImageLaunchPermission,
  CreateImage: createImage,
  DeregisterImage: deregisterImage,
  DescribeFastLaunchImages: describeFastLaunchImages,
  DescribeImageAttribute: describeImageAttribute,
  DescribeImages: describeImages,
  DisableFastLaunch: disableFastLaunch,
  EnableFastLaunch: enableFastLaunch,
  ModifyImageAttribute: modifyImageAttribute,
  RegisterImage: registerImage,
  ResetImageAttribute: resetImageAttribute,
} satisfies OperationTable;
