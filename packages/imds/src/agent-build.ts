import { codeBuild } from '@bakehouse/base';

/** Names the agent's code, so that a server replaces an agent that an older one started. */
export const agentBuild = (): Promise<string> => codeBuild([import.meta.dirname]);
