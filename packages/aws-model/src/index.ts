export * from './documented-filters.ts';
export * from './ec2-operations.ts';
export * from './ec2-shapes.ts';
export * from './shape.ts';
export * from './sts-shapes.ts';
