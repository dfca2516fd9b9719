import type { PlatformEvent } from '@bakehouse/admin-api';
import type { EventEntry } from '@bakehouse/aws-wire';
import { adminOptions, usageErrorOf } from '../client/admin.ts';
import { type Command, CommandFailedError, type Invocation, usualExitCodes } from '../command.ts';
import { isoTime } from '../terminal/time.ts';
import { connectionFor, printJson } from './options.ts';

const words = (options: Invocation['options'], name: string): string[] => {
  const value = options[name];
  return Array.isArray(value) ? value : [];
};

function eventLine(event: PlatformEvent): string {
  const at = isoTime(event.at);
  if (event.type === 'progress') {
    const { id, stage, fraction, message = '' } = event;
    const percent = fraction === undefined ? '' : `${Math.round(fraction * 100)} %`;
    return [at, id, stage, percent, message].filter(Boolean).join('  ');
  }
  const { id, region = '', change, state = '', progressPercent, problem = '' } = event;
  const percent = progressPercent === undefined ? '' : `${progressPercent} %`;
  const what = change === 'put' ? state || 'changed' : 'deleted';
  return [at, id, region, what, percent, problem].filter(Boolean).join('  ');
}

function printEntry(entry: EventEntry, { terminal, options }: Invocation): void {
  const { type, position } = entry;
  if (type === 'event') {
    if (options.json) printJson({ terminal }, { position, event: entry.event });
    else terminal.print(eventLine(entry.event));
  } else if (type === 'gap') {
    if (options.json) printJson({ terminal }, { position, gap: true });
    else terminal.note('events are missing here');
  }
}

export const eventsCommand: Command = {
  name: 'events',
  usage: '[--id ID]… [--kind KIND]… [--after POSITION]',
  argumentsMax: 0,
  summary: 'print what changes on the platform, as it happens',
  help: `
A line for each change of an instance, image, snapshot, volume and so on that this account may see, and for the
progress of long work. Continues until Ctrl-C. With --json, each event is a line with the position to go on from:
\`{"position": "…", "event": {…}}\`. A line \`{"gap": true, …}\` means that events are missing, as after a restart of the
server: look at the records again.

  bakehouse events
  bakehouse events --kind instance --json
  bakehouse events --id vol-0123456789abcdef0`,
  options: {
    id: { type: 'string', multiple: true },
    kind: { type: 'string', multiple: true },
    after: { type: 'string' },
  },
  optionHelp: {
    id: 'only of this; may be repeated',
    kind: 'only of records of this kind, such as instance, and of progress; may be repeated',
    after: 'POSITION to go on from, as --json prints it',
  },
  jsonHelp: 'print each event as a line of JSON',
  exitCodes: { ...usualExitCodes, 0: 'ended by Ctrl-C', 1: 'failed, or the server ended' },
  async run(invocation) {
    const { terminal, options, signal, env } = invocation;
    const { readEvents } = await import('@bakehouse/aws-wire');
    const connection = await connectionFor({ options, env });
    const { after } = options;
    const query = {
      ids: words(options, 'id'),
      kinds: words(options, 'kind'),
      ...(typeof after === 'string' ? { after } : {}),
    };
    try {
      for await (const entry of readEvents(adminOptions(connection), query, signal)) {
        printEntry(entry, invocation);
        // What this process does not read waits in the server, which bounds it.
        await terminal.drained(signal);
      }
    } catch (error) {
      // Ctrl-C is how one leaves, so it is no failure.
      if (signal.aborted) return 0;
      throw usageErrorOf(error);
    }
    throw new CommandFailedError('the server ended the stream: it is stopping');
  },
};
