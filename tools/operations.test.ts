import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { operationsPage } from './operations-page.ts';

test('docs/operations.md lists what is served (npm run operations)', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'operations.md'), 'utf8');
  expect(page).toBe(operationsPage());
});
