export * from './errors/api-error.ts';
export type { ErrorCode, ErrorDetails } from './errors/catalogue.ts';
export * from './instance-type.ts';
export * from './list-query.ts';
export * from './ports/index.ts';
export * from './record-kinds.ts';
export * from './records/index.ts';
export * from './regions.ts';
