import { realpathSync } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { shellQuote } from './shell-quote.ts';

const program = resolve(import.meta.dirname, '..', '..', 'bin', 'bakehouse');

/** The real path of the program that a shell with this PATH would run. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    try {
      return realpathSync(join(folder, name));
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** How this program is called from the shell that sees its output: by name where that is on the PATH. */
export function bakehouseWord(env: NodeJS.ProcessEnv): string {
  // npm puts node_modules/.bin on the PATH of its scripts, which the shell afterwards has not.
  if (!env.npm_lifecycle_event && findOnPath('bakehouse', env) === program) return 'bakehouse';
  const near = relative(process.cwd(), program);
  return shellQuote(near.startsWith('..') ? program : near);
}
