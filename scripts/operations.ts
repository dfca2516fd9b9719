import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { operationsPage } from '../tools/operations-page.ts';

/** `npm run operations`: writes docs/operations.md from what is served. */
const path = join(import.meta.dirname, '..', 'docs', 'operations.md');
await writeFile(path, operationsPage());
