import type { OperationTable } from '../operation.ts';

/** Every operation that is served, by resource. */
export const operations: OperationTable = {};
