import { setTimeout } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { newOutput, readConsole, withoutEscapes } from '../client/console-output.ts';
import { ec2Client } from '../client/ec2.ts';
import { findInstance } from '../client/find-instance.ts';
import { listInstances } from '../client/instances.ts';
import { type Command, type Invocation, usualExitCodes } from '../command.ts';
import { connectionFor, printJson, regionHelp, regionOption } from './options.ts';

const pollMs = 1_000;

/** On a terminal without the guest's control sequences: it could move the cursor, or answer for the user. */
function write(bytes: Buffer): void {
  if (!process.stdout.isTTY) process.stdout.write(bytes);
  else process.stdout.write(withoutEscapes(bytes.toString('utf8')).replaceAll('\r\n', '\n'));
}

async function isOver(client: EC2Client, instanceId: string, signal: AbortSignal) {
  const [row] = await listInstances(client, signal, { ids: [instanceId] });
  return row === undefined || row.state === 'terminated' || row.state === 'stopped';
}

/** Until the instance has stopped, or Ctrl-C: that is how one leaves, so it is no failure. */
async function follow(client: EC2Client, instanceId: string, { signal }: Invocation) {
  let seen: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const over = await isOver(client, instanceId, signal);
      const now = await readConsole(client, instanceId, signal);
      write(newOutput(seen, now));
      seen = now;
      if (over) return;
      await setTimeout(pollMs, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export const consoleCommand: Command = {
  name: 'console',
  usage: 'INSTANCE [--follow]',
  argumentsMax: 1,
  summary: "show what the guest wrote to its serial console (also when ssh doesn't work)",
  help: `
The last 64 KiB, over reboots and stops. INSTANCE is an id, the beginning of one, a Name tag or an address.

  bakehouse console web
  bakehouse console web --follow     # until it stops, or Ctrl-C`,
  options: { follow: { type: 'boolean', short: 'f' }, ...regionOption },
  optionHelp: { follow: 'go on with what is written from now on', ...regionHelp },
  exitCodes: { ...usualExitCodes, 0: 'done, also when Ctrl-C ended --follow' },
  completes: 'instances',
  async run(invocation) {
    const { args, options, terminal, signal } = invocation;
    const client = await ec2Client(await connectionFor(invocation));
    const { instanceId } = await findInstance(client, args[0], signal);
    if (options.follow && !options.json) {
      await follow(client, instanceId, invocation);
      return 0;
    }
    const bytes = await readConsole(client, instanceId, signal);
    if (options.json) printJson({ terminal }, { instanceId, output: bytes.toString('utf8') });
    else if (bytes.length === 0) terminal.note(`${instanceId} has written nothing yet`);
    else write(bytes);
    return 0;
  },
};
