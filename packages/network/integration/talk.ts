import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./guest-peer.py', import.meta.url));
const children = new Set<ChildProcess>();

/** A running program: lines in, lines out. */
export interface Conversation {
  /** The next line that it prints; undefined at its end. */
  next(): Promise<string | undefined>;
  say(line: string): void;
  end(): void;
}

export interface Endpoint {
  readonly enter: readonly string[];
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** The source address. Absent: the kernel chooses. */
  readonly from?: string;
  /** The user that `serve` becomes when it listens. */
  readonly user?: number;
}

/** Listens, and echoes after the sender's address. Resolves when it listens. */
export function serve(endpoint: Endpoint): Promise<Conversation> {
  return ready(endpoint, 'serve');
}

/** Listens for datagrams and prints them, without a reply. Resolves when it listens. */
export function hear(endpoint: Endpoint): Promise<Conversation> {
  return ready(endpoint, 'hear');
}

async function ready(endpoint: Endpoint, kind: string): Promise<Conversation> {
  const peer = converse(endpoint, kind);
  const line = await peer.next();
  if (line !== 'ready') throw new Error(`${kind} ${endpoint.address}: ${line}`);
  return peer;
}

export function connect(endpoint: Endpoint): Conversation {
  return converse(endpoint, 'connect');
}

/** Sends each line over a connection of its own. Resolves when it takes lines. */
export function asker(endpoint: Endpoint): Promise<Conversation> {
  return ready(endpoint, 'ask');
}

/** Sends "hello". Returns the reply, or why there was none. */
export async function hello(endpoint: Endpoint): Promise<string> {
  const client = connect(endpoint);
  client.say('hello');
  const first = await client.next();
  const answer = first === 'connected' ? await client.next() : first;
  client.end();
  return answer ?? 'ended';
}

/** A TCP port that nothing on the host listens on. */
export async function freeHostPort(): Promise<number> {
  await using server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export function endConversations(): void {
  for (const child of children) child.kill('SIGKILL');
}

function converse(endpoint: Endpoint, kind: string): Conversation {
  const { enter, protocol, address, port, from, user } = endpoint;
  const more = [from ?? user].filter((word) => word !== undefined);
  return runScript(enter, [program, kind, protocol, address, `${port}`, ...more.map(String)]);
}

/** Runs a script of Python. */
export function runScript(enter: readonly string[], words: readonly string[]): Conversation {
  const [command = '', ...args] = [...enter, '/usr/bin/python3', ...words];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  child.on('exit', () => children.delete(child));
  child.stdin.on('error', () => {});
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    next: async () => (await lines.next()).value,
    say: (line) => child.stdin.write(`${line}\n`),
    end: () => child.kill('SIGKILL'),
  };
}
