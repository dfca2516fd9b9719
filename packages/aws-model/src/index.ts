export * from './conformance.ts';
export * from './documented-filters.ts';
export * from './scalar-text.ts';
export * from './served-api.ts';
export * from './service-model.ts';
export * from './services.ts';
export * from './shape.ts';
