import { mkdir, writeFile } from 'node:fs/promises';
import { generatedFiles } from './generated-files.ts';

const folder = new URL('../src/generated/', import.meta.url);
await mkdir(folder, { recursive: true });
for (const [name, content] of await generatedFiles()) {
  await writeFile(new URL(name, folder), content);
}
