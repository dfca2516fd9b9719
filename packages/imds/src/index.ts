export { agentBuild } from './agent-build.ts';
export { agentCommand } from './agent-command.ts';
export { type AgentHealth, askAgentHealth } from './agent-health.ts';
export { hopLimitTable } from './hop-limit.ts';
export { createMetadataPublisher, type MetadataPublisherOptions } from './metadata-publisher.ts';
export { ensureTokenKey } from './platform-key.ts';
export { publishedIn } from './published-in.ts';
