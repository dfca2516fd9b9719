import type { OperationTable } from '../operation.ts';
import { imageOperations } from './image/index.ts';
import { instanceOperations } from './instance/index.ts';
import { keyPairOperations } from './key-pair/index.ts';

/** Every operation that is served, by resource. */
export const operations: OperationTable = {
  ...imageOperations,
  ...instanceOperations,
  ...keyPairOperations,
};
