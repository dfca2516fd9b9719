export { ec2Api } from './api.ts';
export type { OperationName } from './operation.ts';
