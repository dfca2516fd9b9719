import type { OperationTable } from '../../operation.ts';
import { createImage } from './create-image.ts';
import { describeImages } from './describe-images.ts';

export const imageOperations = {
  CreateImage: createImage,
  DescribeImages: describeImages,
} satisfies OperationTable;
