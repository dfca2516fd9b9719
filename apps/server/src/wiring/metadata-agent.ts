import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import type { MetadataPublisher, Network } from '@bakehouse/domain';
import {
  type AgentHealth,
  agentBuild,
  agentCommand,
  askAgentHealth,
  createMetadataPublisher,
  ensureTokenKey,
  hopLimitTable,
} from '@bakehouse/imds';
import type { DataDirectory } from '../data-directory.ts';
import { isRunning, logTail, spawnDetached } from '../processes/detached.ts';
import { endAgents } from './agent-processes.ts';

interface AgentParts {
  readonly network: Pick<Network, 'enter'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

type AgentPaths = Pick<DataDirectory, 'runtime' | 'guestMetadata' | 'logs'>;

const run = promisify(execFile);
const startLimitMs = 30 * secondMs;
const pollMs = 50;
const commandLimitMs = 10 * secondMs;

const healthSocket = ({ runtime }: AgentPaths) => `${runtime}/metadata-agent`;

/** What an agent needs around it, as it is now: it can outlive the namespace that it was started in, and its filters. */
async function surroundingsOf({ network }: AgentParts) {
  const look = 'readlink /proc/self/ns/net; nft list tables';
  const [program = '', ...args] = [...network.enter(), 'sh', '-c', look];
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
  const limits = { timeout: commandLimitMs, killSignal: 'SIGKILL', env } as const;
  const { stdout } = await run(program, args, limits);
  const [namespace = '', ...tables] = stdout.split('\n');
  return { namespace, hasHopLimits: tables.includes(`table ip ${hopLimitTable}`) };
}

/** What this server runs: read once, as its own code is. */
let ownBuild: Promise<string> | undefined;

/** Why an agent must be replaced; undefined for one that may stay. */
async function faultOf(health: AgentHealth | undefined, parts: AgentParts) {
  if (health === undefined) return 'no agent answers';
  if (health.build !== (await ownBuild)) return 'the agent is of another version';
  const { namespace, hasHopLimits } = await surroundingsOf(parts);
  if (health.namespace !== namespace) return `the agent is not in ${namespace}`;
  // It has no rights to make them again.
  return hasHopLimits ? undefined : 'the hop limits of its replies are gone';
}

async function startAgent(
  data: AgentPaths,
  { network, clock, logger }: AgentParts,
  build: string,
): Promise<void> {
  const socket = healthSocket(data);
  const key = await ensureTokenKey(data.guestMetadata);
  const logPath = `${data.logs}/metadata-agent.log`;
  const command = agentCommand({
    enter: network.enter(),
    documents: `${data.guestMetadata}/documents`,
    key,
    health: socket,
    build,
  });
  const pid = await spawnDetached({ name: 'metadata agent', command, logPath });
  logger.log('info', 'metadata agent started', { pid });
  for (const deadline = clock.elapsed() + startLimitMs; clock.elapsed() < deadline; ) {
    if ((await askAgentHealth(socket))?.build === build) return;
    if (!isRunning(pid)) break;
    await clock.sleep(pollMs);
  }
  throw new Error(
    `the metadata agent did not come up; its log ${logPath} ends: ${await logTail(logPath)}`,
  );
}

/**
 * Finds the agent that serves metadata inside the network, or starts one that outlives this process. One that does
 * not answer, is of another version or serves a namespace that was made anew is ended first: it may hold the port.
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

export async function openMetadataPublisher(
  data: Pick<AgentPaths, 'guestMetadata'>,
  parts?: Pick<AgentParts, 'clock' | 'logger'>,
): Promise<MetadataPublisher> {
  return await createMetadataPublisher({ directory: data.guestMetadata, ...parts });
}
