import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateInstanceTypes } from './instance-types/generate.ts';

/** `npm run instance-types`: writes the table of instance types and docs/instance-types.md from the facts. */
for (const { path, text } of Object.values(generateInstanceTypes())) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
