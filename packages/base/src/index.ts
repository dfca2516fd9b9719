export * from './cidr.ts';
export * from './clock.ts';
export * from './id-source.ts';
export * from './invariant.ts';
export * from './logger.ts';
export * from './resource-id.ts';
export * from './rollback.ts';
export * from './units.ts';
