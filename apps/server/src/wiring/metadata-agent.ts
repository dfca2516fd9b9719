import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import {
  endProcess,
  findProcesses,
  type HostProcess,
  isAlive,
  logTail,
  runCommand,
  spawnDetached,
} from '@bakehouse/host';
import {
  type AgentHealth,
  agentBuild,
  agentCommand,
  askAgentHealth,
  ensureTokenKey,
  hopLimitTable,
} from '@bakehouse/imds';
import type { LinuxNetwork } from '@bakehouse/network';
import type { DataDirectory } from '../data-directory.ts';

interface AgentParts {
  readonly network: Pick<LinuxNetwork, 'enter'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

type AgentPaths = Pick<DataDirectory, 'runtime' | 'guestMetadata' | 'logs'>;

const startLimitMs = 30 * secondMs;
const pollMs = 50;
const commandLimitMs = 10 * secondMs;

const healthSocket = ({ runtime }: AgentPaths) => `${runtime}/metadata-agent`;

/** The agent's namespace and filters as they are now. An agent can outlive both. */
async function surroundingsOf({ network }: AgentParts) {
  const look = 'readlink /proc/self/ns/net; nft list tables';
  const argv = [...network.enter(), 'sh', '-c', look];
  const output = await runCommand(argv, { timeoutMs: commandLimitMs });
  const [namespace = '', ...tables] = output.split('\n');
  return { namespace, hasHopLimits: tables.includes(`table ip ${hopLimitTable}`) };
}

/** The agent's code as this server has it: read once, like the server's own code. */
let ownBuild: Promise<string> | undefined;

/** Why an agent must be replaced; undefined for one that may stay. */
async function faultOf(health: AgentHealth | undefined, parts: AgentParts) {
  if (health === undefined) return 'no agent answers';
  if (health.build !== (await ownBuild)) return 'the agent is of another version';
  const { namespace, hasHopLimits } = await surroundingsOf(parts);
  if (health.namespace !== namespace) return `the agent is not in ${namespace}`;
  // The agent no longer has the rights to make them.
  return hasHopLimits ? undefined : 'the hop limits of its replies were removed';
}

/**
 * The metadata agents that were started with this health socket. Their arguments name the data folder's own socket,
 * and unlike a file with a process id they cannot be stale or lost.
 */
export function findAgents(socket: string): Promise<readonly HostProcess[]> {
  return findProcesses(({ argv }) => {
    const isAgent = argv.some((argument) => argument.endsWith('/agent-main.ts'));
    const at = argv.indexOf('--health');
    return isAgent && at !== -1 && argv[at + 1] === socket;
  });
}

/** Ends the agents and resolves when all have ended: only then is their port free. */
async function endAgents(socket: string, clock: Clock): Promise<readonly number[]> {
  const agents = await findAgents(socket);
  // At once: an agent keeps nothing, so there is nothing to finish.
  const end = (agent: HostProcess) =>
    endProcess(agent, { what: 'metadata agent', clock, graceMs: 0 });
  await Promise.all(agents.map(end));
  return agents.map(({ pid }) => pid);
}

async function startAgent(
  data: AgentPaths,
  { network, clock, logger }: AgentParts,
  build: string,
): Promise<void> {
  const socket = healthSocket(data);
  const key = await ensureTokenKey(data.guestMetadata);
  const logPath = `${data.logs}/metadata-agent.log`;
  const argv = agentCommand({
    enter: network.enter(),
    documents: `${data.guestMetadata}/documents`,
    key,
    health: socket,
    build,
    // A VPC's namespace.
    routers: 1,
  });
  const log = { path: logPath, keep: true };
  const { process } = await spawnDetached({ name: 'metadata agent', argv, log });
  logger.log('info', 'metadata agent started', { pid: process?.pid });
  for (const deadline = clock.elapsed() + startLimitMs; clock.elapsed() < deadline; ) {
    if ((await askAgentHealth(socket))?.build === build) return;
    if (process === undefined || !(await isAlive(process))) break;
    await clock.sleep(pollMs);
  }
  throw new Error(
    `the metadata agent did not start; the end of its log ${logPath}: ${await logTail(logPath)}`,
  );
}

/**
 * Finds the agent that serves metadata inside the network, or starts one that outlives this process. An agent that
 * does not answer, is of another version, or serves a namespace that was replaced is ended first, as it may hold
 * the port.
 */
export async function ensureMetadataAgent(data: AgentPaths, parts: AgentParts): Promise<void> {
  ownBuild ??= agentBuild();
  const reason = await faultOf(await askAgentHealth(healthSocket(data)), parts);
  if (reason === undefined) return;
  const ended = await endAgents(healthSocket(data), parts.clock);
  if (ended.length > 0) {
    parts.logger.log('warn', 'metadata agent ended to start another', { reason, pids: ended });
  }
  await startAgent(data, parts, await ownBuild);
}
