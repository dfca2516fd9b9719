import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeBuild } from '@bakehouse/host';

const folderOf = (module: string) => dirname(fileURLToPath(import.meta.resolve(module)));

/** Names the code that the agent runs, so a server replaces an agent that an older version started. */
export const agentBuild = (): Promise<string> =>
  codeBuild([import.meta.dirname, folderOf('@bakehouse/base'), folderOf('@bakehouse/host')]);
