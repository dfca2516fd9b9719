import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createAgent } from './agent.ts';
import { serveAgentHealth } from './agent-health.ts';
import { agentLogger, writeBounded } from './agent-log.ts';
import { loadHopLimits } from './load-hop-limits.ts';

/** The metadata agent: runs inside the platform's network and outlives the control plane. */
const { values } = parseArgs({
  options: {
    documents: { type: 'string' },
    key: { type: 'string' },
    health: { type: 'string' },
    build: { type: 'string', default: '' },
    listen: { type: 'string', default: '169.254.169.254' },
  },
});
const { documents, key, listen, health, build } = values;
if (!documents || !key || !health) {
  process.stderr.write(
    'usage: agent-main --documents DIR --key FILE --health SOCKET [--build NAME] [--listen ADDRESS]\n',
  );
  process.exit(2);
}

const port = 80;
const logBytesMax = 1024 * 1024;
const now = () => Date.now();
const logger = agentLogger({ write: writeBounded(logBytesMax), now });
// It keeps nothing that a fault could spoil, and guests must not be able to end it.
process.on('unhandledRejection', (error) => {
  logger.log('error', 'a rejection was not handled', { error });
});

await loadHopLimits(listen, port);
const tokenKey = await readFile(key);
const agent = createAgent({ documents, tokenKey, now, logger });
await new Promise<void>((resolve, reject) => {
  agent.once('error', reject);
  agent.listen(port, listen, resolve);
});
agent.on('error', (error) => logger.log('error', 'the listener failed', { error }));
process.on('uncaughtException', (error) => {
  logger.log('error', 'an exception was not caught', { error });
});
// Who is answered here knows that the guests' side listens too.
await serveAgentHealth(health, build);
logger.log('info', 'metadata agent ready', { pid: process.pid, build, documents });
