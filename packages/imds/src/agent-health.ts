import { createServer, request, type Server } from 'node:http';
import { KiB, secondMs } from '@bakehouse/base';
import { listenPrivately, namespaceOf } from '@bakehouse/host';

/** What a running agent reports on its health socket. */
export interface AgentHealth {
  readonly pid: number;
  /** The code that it runs, as named by the server that started it. */
  readonly build: string;
  /** The network namespace that it serves, for example `net:[4026532210]`. */
  readonly namespace: string;
}

const answerMs = 5 * secondMs;
const answerBytesMax = 4 * KiB;

/** Serves this process's health, once it is ready, on a Unix socket that only its present user can open. */
export async function serveAgentHealth(
  socketPath: string,
  build: string,
  ready: Promise<void>,
): Promise<Server> {
  const namespace = (await namespaceOf('self', 'net')) ?? '';
  const health: AgentHealth = { pid: process.pid, build, namespace };
  const server = createServer((_, response) => {
    void ready.then(() => response.end(JSON.stringify(health)));
  });
  await listenPrivately(server, socketPath);
  return server;
}

function isHealth(value: unknown): value is AgentHealth {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, build, namespace } = value as Partial<AgentHealth>;
  return typeof pid === 'number' && typeof build === 'string' && typeof namespace === 'string';
}

function parseHealth(text: string): AgentHealth | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHealth(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Asks an agent. Undefined when none answers within five seconds, or what answers is not an agent. */
export function askAgentHealth(socketPath: string): Promise<AgentHealth | undefined> {
  return new Promise((resolve) => {
    const probe = request({ socketPath, path: '/' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > answerBytesMax) probe.destroy();
      });
      response.on('end', () => settle(parseHealth(text)));
      response.on('error', () => settle(undefined));
    });
    const limit = setTimeout(() => probe.destroy(new Error('no answer')), answerMs);
    const settle = (health: AgentHealth | undefined) => {
      clearTimeout(limit);
      resolve(health);
    };
    probe.on('error', () => settle(undefined));
    probe.on('close', () => settle(undefined));
    probe.end();
  });
}
