import type { OperationTable } from '../../operation.ts';
import { createTags } from './create-tags.ts';
import { deleteTags } from './delete-tags.ts';
import { describeTags } from './describe-tags.ts';

export const tagOperations = {
  CreateTags: createTags,
  DeleteTags: deleteTags,
  DescribeTags: describeTags,
} satisfies OperationTable;
