import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { forwardRequest } from '../src/leadership/forward-request.ts';

/** Its queue of connections is full, and it accepts none: whoever connects waits. */
const deaf = `
import socket, time
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(0)
peers = [socket.socket() for _ in range(4)]
for peer in peers: peer.setblocking(False); peer.connect_ex(server.getsockname())
print(server.getsockname()[1], flush=True); time.sleep(600)`;

test('a server that takes no connection counts as not reached', async () => {
  const child = spawn('/usr/bin/python3', ['-c', deaf], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [port] = await once(child.stdout, 'data');
  const address = `http://127.0.0.1:${String(port).trim()}`;
  const standby = createServer(async (request, response) => {
    const never = new AbortController().signal;
    const isForwarded = await forwardRequest(request, response, address, never);
    response.end(`${isForwarded}: ${await text(request)}`);
  });
  standby.listen(0, '127.0.0.1');
  await once(standby, 'listening');
  onTestFinished(() => void standby.close());
  const { port: own } = standby.address() as AddressInfo;
  const reply = await fetch(`http://127.0.0.1:${own}`, { method: 'POST', body: 'still there' });
  expect(await reply.text()).toBe('false: still there');
});
