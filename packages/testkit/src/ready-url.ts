import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The URL in the first line of a server that was just spawned. Rejects when it prints another one, or ends. */
export async function readyUrl(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('the server has no output to read');
  const [line] = await Promise.race([
    once(createInterface(server.stdout), 'line'),
    once(server, 'exit').then(([code, signal]) => [`ended with ${code ?? signal}`]),
  ]);
  const url = /^bakehouse ready (http:\S+)$/.exec(String(line))?.[1];
  if (url === undefined) throw new Error(`the server did not get ready: ${line}`);
  return url;
}
