import { readFile } from 'node:fs/promises';
import { processesOf } from './leftovers.ts';

/** All that the platform's block server has written so far; but for a little, NBD replies to guests. */
export async function servedBytes(dataDirectory: string): Promise<number> {
  const processes = await processesOf([dataDirectory]);
  const server = processes.find(({ argv }) => argv.includes('block-server.ts'));
  if (!server) throw new Error('no block server runs');
  const counters = await readFile(`/proc/${server.pid}/io`, 'utf8');
  return Number(/^wchar: (\d+)$/m.exec(counters)?.[1]);
}
