export * from './errors/api-error.ts';
export type { ErrorCode, ErrorDetails } from './errors/catalogue.ts';
export * from './ports/index.ts';
export * from './record-kinds.ts';
export * from './records/index.ts';
