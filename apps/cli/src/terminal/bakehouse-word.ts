import { realpathSync } from 'node:fs';
import { delimiter, join, relative, resolve } from 'node:path';
import { shellQuote } from './shell-quote.ts';

const program = resolve(import.meta.dirname, '..', '..', 'bin', 'bakehouse');

function isOnPath(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      return realpathSync(join(folder, 'bakehouse')) === program;
    } catch {
      return false;
    }
  });
}

/** How this program is called from the shell that sees its output: by name where that is on the PATH. */
export function bakehouseWord(): string {
  // npm puts node_modules/.bin on the PATH of its scripts, which the shell afterwards has not.
  if (!process.env.npm_lifecycle_event && isOnPath()) return 'bakehouse';
  const near = relative(process.cwd(), program);
  return shellQuote(near.startsWith('..') ? program : near);
}
