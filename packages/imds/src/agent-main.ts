import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createAgent } from './agent.ts';

/** The metadata agent: runs inside the platform's network and outlives the control plane. */
const { values } = parseArgs({
  options: {
    documents: { type: 'string' },
    key: { type: 'string' },
    listen: { type: 'string', default: '169.254.169.254' },
    health: { type: 'string' },
  },
});
const { documents, key, listen, health } = values;
if (!documents || !key || !health) {
  process.stderr.write(
    'usage: agent-main --documents DIR --key FILE --health SOCKET [--listen ADDRESS]\n',
  );
  process.exit(2);
}
const tokenKey = await readFile(key);
const agent = createAgent({ documents, tokenKey, now: () => Date.now() });
await new Promise<void>((resolve, reject) => {
  agent.once('error', reject);
  agent.listen(80, listen, resolve);
});
// Listening here means that the guests' side listens too.
createServer((_, response) => response.end('ok')).listen(health);
