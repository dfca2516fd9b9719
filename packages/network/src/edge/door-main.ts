import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serialQueue } from '@bakehouse/base';
import { listenPrivately } from '@bakehouse/host';
import { type DoorReply, type DoorRequest, parsedLine, type ShutDoor } from './door-messages.ts';
import { HostListeners } from './host-listeners.ts';

/**
 * Listens on the host for guests, and hands each connection to a child in the namespace from which guests are reached.
 * Outlives the control plane, and keeps the doors that it was last asked for. It ends with its child, and its child with it.
 */
const { values } = parseArgs({
  options: {
    socket: { type: 'string', default: '' },
    namespace: { type: 'string', default: '' },
    build: { type: 'string', default: '' },
  },
});
const { socket: socketPath, namespace, build } = values;
const program = fileURLToPath(new URL('./door-inside-main.ts', import.meta.url));

const inside = spawn('nsenter', [`--net=${namespace}`, '--', process.execPath, program], {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
inside.once('error', () => process.exit(1));
inside.once('exit', () => process.exit(1));

const listeners = new HostListeners((door, socket) => {
  socket.on('error', () => {});
  const { address, port } = door;
  inside.send({ address, port }, socket, (error) => {
    if (error) socket.destroy();
  });
});
const serially = serialQueue();
let shut: readonly ShutDoor[] = [];

async function answer({ doors }: DoorRequest): Promise<DoorReply> {
  if (doors !== undefined) shut = await serially(() => listeners.change(doors));
  return { build, pid: process.pid, shut };
}

function serveRequests(connection: Socket): void {
  connection.on('error', () => {});
  createInterface({ input: connection }).on('line', (line) => {
    const request = parsedLine<DoorRequest>(line);
    if (request === undefined) connection.destroy();
    else void answer(request).then((reply) => connection.end(`${JSON.stringify(reply)}\n`));
  });
}

await listenPrivately(createServer(serveRequests), socketPath);
