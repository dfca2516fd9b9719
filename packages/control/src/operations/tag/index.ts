import type { OperationTable } from '../../operation.ts';
import { createTags } from './create-tags.ts';

export const tagOperations = { CreateTags: createTags } satisfies OperationTable;
