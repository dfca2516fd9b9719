import type { OperationTable } from '../../operation.ts';
import { createImage } from './create-image.ts';
import { deregisterImage } from './deregister-image.ts';
import { describeImages } from './describe-images.ts';
import { registerImage } from './register-image.ts';

export const imageOperations = {
  CreateImage: createImage,
  DeregisterImage: deregisterImage,
  DescribeImages: describeImages,
  RegisterImage: registerImage,
} satisfies OperationTable;
