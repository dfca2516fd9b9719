import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generatedFiles } from '../scripts/generated-files.ts';

test('the generated files are those of the installed SDK: if not, run `npm run gen`', async () => {
  for (const [name, content] of await generatedFiles()) {
    const checkedIn = await readFile(new URL(`./generated/${name}`, import.meta.url), 'utf8');
    expect(checkedIn === content, name).toBe(true);
  }
});
