export type { ActiveServer, Candidate, Elected } from './candidate.ts';
export type { HeldLease } from './held-lease.ts';
export {
  openPostgresPlatform,
  type PostgresOptions,
  type PostgresPlatform,
} from './open-postgres.ts';
