import { readFile, stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { MiB } from '@bakehouse/base';
import { createAgent } from './agent.ts';
import { serveAgentHealth } from './agent-health.ts';
import { agentLogger, writeBounded } from './agent-log.ts';
import { isAgentNumber } from './agent-user.ts';
import { becomeUser, hideHostFiles } from './give-up-rights.ts';
import { loadHopLimits } from './load-hop-limits.ts';
import { bindTime, serveTime } from './serve-time.ts';

/**
 * The metadata agent, which also serves the time: runs inside the platform's network and outlives the control plane. It
 * starts as root, and serves guests as a user who can read their documents and nothing else of the host.
 */
const { values } = parseArgs({
  options: {
    documents: { type: 'string' },
    key: { type: 'string' },
    health: { type: 'string' },
    'host-mounts': { type: 'string' },
    build: { type: 'string', default: '' },
    listen: { type: 'string', default: '169.254.169.254' },
    time: { type: 'string', default: '169.254.169.123' },
    routers: { type: 'string', default: '0' },
  },
});
const { documents, key, listen, time, routers, health, build, 'host-mounts': hostMounts } = values;
if (!documents || !key || !health || !hostMounts) {
  process.stderr.write(
    'usage: agent-main --documents DIR --key FILE --health SOCKET --host-mounts NAMESPACE [--build NAME] [--listen ADDRESS] [--time ADDRESS] [--routers NUMBER]\n',
  );
  process.exit(2);
}

const ports = { metadata: 80, time: 123 };
const logBytesMax = 1 * MiB;
const now = () => Date.now();
const logger = agentLogger({ write: writeBounded(logBytesMax), now });
// The agent keeps no state that an error could corrupt, and guests must not be able to end it.
process.on('unhandledRejection', (error) => {
  logger.log('error', 'unhandled rejection', { error });
});

const { gid: user } = await stat(documents);
if (!isAgentNumber(user)) {
  throw new Error(
    `${documents} belongs to group ${user}, which is not an agent's; start the server, whose publisher sets the group`,
  );
}
await loadHopLimits(listen, ports.metadata, Number(routers));
const tokenKey = await readFile(key);
// From now on the documents are reached without a path: the folders above are closed to that user, and then hidden.
process.chdir(documents);
const agent = createAgent({ documents: '.', tokenKey, now, logger });
const ready = Promise.withResolvers<void>();
await serveAgentHealth(health, build, ready.promise);
await hideHostFiles(hostMounts).catch((error: unknown) => {
  logger.log('warn', "cannot hide the host's files; only their modes protect them", { error });
});
const timeSocket = await bindTime({ address: time, port: ports.time, logger });
await new Promise<void>((resolve, reject) => {
  agent.once('error', reject);
  agent.listen(ports.metadata, listen, () => {
    // Here and not later: no connection is accepted before this turn ends.
    try {
      becomeUser(user);
      resolve();
    } catch (error) {
      reject(error);
    }
  });
});
agent.on('error', (error) => logger.log('error', 'listener failed', { error }));
process.on('uncaughtException', (error) => {
  logger.log('error', 'uncaught exception', { error });
});
// Not before: what guests send is read without the rights of root only.
serveTime(timeSocket, now);
// The health is served only now, so whoever reads it knows that the guests' side listens, too.
ready.resolve();
logger.log('info', 'metadata agent ready', { pid: process.pid, build, documents, user });
