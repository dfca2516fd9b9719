import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { secondMs } from '@bakehouse/base';
import { type DoorReply, type DoorRequest, parsedLine } from './door-messages.ts';

const replyLimitMs = 10 * secondMs;

/** Where a platform's process of doors is asked. */
export const doorsSocket = (runtimeDirectory: string): string => join(runtimeDirectory, 'doors');

/** Undefined when nobody replies. */
export function askDoors(socketPath: string, request: DoorRequest): Promise<DoorReply | undefined> {
  return new Promise((resolve) => {
    const connection = connect(socketPath);
    connection.setTimeout(replyLimitMs, () => connection.destroy());
    connection.once('error', () => resolve(undefined));
    connection.once('close', () => resolve(undefined));
    createInterface({ input: connection })
      .on('line', (line) => resolve(parsedLine<DoorReply>(line)))
      .on('error', () => {});
    connection.write(`${JSON.stringify(request)}\n`);
  });
}

/** Why ports of guests that should be open on the host are not; undefined when no process of doors replies. */
export async function findShutDoors(
  runtimeDirectory: string,
): Promise<readonly string[] | undefined> {
  const reply = await askDoors(doorsSocket(runtimeDirectory), {});
  return reply?.shut.map(({ why }) => why);
}
