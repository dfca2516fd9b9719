export { ManualClock } from './manual-clock.ts';
export { MemoryMetadataStore } from './memory-metadata-store.ts';
export { seededIds } from './seeded-ids.ts';
export { type Random, seededRandom } from './seeded-random.ts';
export { settle } from './settle.ts';
