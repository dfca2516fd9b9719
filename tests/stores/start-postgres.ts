import { startPostgres } from '@bakehouse/testkit';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The folder of the socket of the PostgreSQL server that all test files use. */
    readonly postgresFolder: string;
  }
}

/** One PostgreSQL server for all files of the project; each makes a database of its own on it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ durable: false });
  project.provide('postgresFolder', postgres.folder);
  return async () => {
    await postgres[Symbol.asyncDispose]();
  };
}
