import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { type Clock, type Logger, secondMs } from '@bakehouse/base';
import type { MetadataPublisher, Network } from '@bakehouse/domain';
import { createMetadataPublisher, ensureTokenKey } from '@bakehouse/imds';
import type { DataDirectory } from '../data-directory.ts';
import { logTail, spawnDetached } from '../processes/detached.ts';

interface AgentParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly logger: Logger;
}

const program = fileURLToPath(import.meta.resolve('@bakehouse/imds/agent'));
const startLimitMs = 30 * secondMs;
const pollMs = 50;

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ socketPath, path: '/', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.on('error', () => resolve(false));
    probe.on('timeout', () => probe.destroy(new Error('no answer')));
    probe.end();
  });
}

async function startAgent(
  data: DataDirectory,
  { network, clock, logger }: AgentParts,
): Promise<void> {
  const health = `${data.runtime}/metadata-agent`;
  await rm(health, { force: true });
  const key = await ensureTokenKey(data.guestMetadata);
  const logPath = `${data.logs}/metadata-agent.log`;
  const options = [
    '--documents',
    `${data.guestMetadata}/documents`,
    '--key',
    key,
    '--health',
    health,
  ];
  const command = [...network.enter(), process.execPath, program, ...options];
  const pid = await spawnDetached({ name: 'metadata agent', command, logPath });
  logger.log('info', 'metadata agent started', { pid });
  for (const deadline = clock.now() + startLimitMs; clock.now() < deadline; ) {
    if (await answers(health)) return;
    await clock.sleep(pollMs);
  }
  throw new Error(
    `the metadata agent did not come up within ${startLimitMs / secondMs} s; its log ${logPath} ends: ${await logTail(logPath)}`,
  );
}

/** Finds the agent that serves metadata inside the network, or starts one that outlives this process. */
export async function ensureMetadataAgent(data: DataDirectory, parts: AgentParts): Promise<void> {
  if (await answers(`${data.runtime}/metadata-agent`)) return;
  await startAgent(data, parts);
}

export async function openMetadataPublisher(data: DataDirectory): Promise<MetadataPublisher> {
  return await createMetadataPublisher({ directory: data.guestMetadata });
}
