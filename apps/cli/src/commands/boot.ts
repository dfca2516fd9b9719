import type { AdminResult } from '@bakehouse/admin-api';
import { isResourceId } from '@bakehouse/base';
import { adminOf } from '../client/admin.ts';
import { ec2Client } from '../client/ec2.ts';
import { findInstance } from '../client/find-instance.ts';
import { type Command, CommandFailedError } from '../command.ts';
import { table } from '../terminal/table.ts';
import { isoTime } from '../terminal/time.ts';
import { connectionFor, printJson, regionHelp, regionOption } from './options.ts';
import { blocksText, readCells, readHeadings, readsText } from './read-figures.ts';

type Boot = AdminResult<'InstanceBoot'>;
type BootEvent = Boot['events'][number];

const secondsText = (milliseconds: number) => (milliseconds / 1000).toFixed(3);

/** `guest, to 0.2 s`: where a time is from, and how far it may be off. */
function sourceText({ source, precisionMs }: BootEvent): string {
  return precisionMs ? `${source}, to ${(precisionMs / 1000).toFixed(1)} s` : source;
}

type Disk = Boot['disks'][number];

const diskWords: Record<Disk['backing'], string> = {
  none: 'has all of its blocks: no read goes through the block server',
  hot: 'reads a hot map: no read goes through the block server',
  store: 'reads through the block server',
};

const diskLine = ({ volumeId, backing, reads }: Disk) =>
  `${volumeId} ${diskWords[backing]}${reads ? `: ${readsText(reads)}` : ''}`;

/** `before the login (sshd): 76.0 MiB of 406.0 MiB of the image's data (19 %)` */
function loginLines({ login }: Boot): string[] {
  if (!login) return [];
  const { stage, reads, mapBlocks } = login;
  const { newBlocks, aheadBlocks } = reads;
  const share = mapBlocks
    ? ` of ${blocksText(mapBlocks)} of data (${Math.round((100 * newBlocks) / mapBlocks)} %)`
    : '';
  return [
    `before the login (${stage}): ${blocksText(newBlocks)}${share}, ${blocksText(aheadBlocks)} of that read ahead`,
  ];
}

/** A table of the events, what was read, and a list of what is not known. */
function bootLines(boot: Boot): string[] {
  const { events, unknown, disks, readsLater } = boot;
  const begunAt = events[0]?.at ?? 0;
  const hasReads = events.some(({ reads }) => reads !== undefined);
  const rows = events.map((event, index) => [
    secondsText(event.at - begunAt).padStart(8),
    `+${secondsText(event.at - (events[index - 1]?.at ?? begunAt))}`.padStart(8),
    event.name,
    sourceText(event),
    ...(hasReads ? readCells(event.reads) : []),
  ]);
  const gaps = unknown.map(({ name, why }) => `unknown: ${name} (${why})`);
  const headings = ['SECONDS', '   AFTER', 'STAGE', 'SEEN BY', ...(hasReads ? readHeadings : [])];
  const later = readsLater && readsLater.reads > 0 ? [`later: ${readsText(readsLater)}`] : [];
  return [...table(headings, rows), ...later, ...disks.map(diskLine), ...loginLines(boot), ...gaps];
}

const bootJson = ({ events, ...boot }: Boot): object => ({
  ...boot,
  events: events.map((event) => ({ ...event, at: isoTime(event.at) })),
});

export const bootCommand: Command = {
  name: 'boot',
  usage: 'INSTANCE',
  argumentsMax: 1,
  summary: 'show where the time of the last start of an instance went',
  help: `
From the request to the end of the guest's boot. SECONDS count from the request, AFTER from the line before.
\`server\` times are the server's own. \`console\` times are when the server saw the guest's line. \`guest\` times are what
the guest says its kernel had run. Any image works; what its console does not show is listed as unknown.
READS are those of the guest's volumes through the block server since the line before: how many, the bytes asked for,
the data that was read for the first time, and how long the guest waited for blocks that were not in memory.
INSTANCE is an id, the beginning of one, a Name tag or an address.

  bakehouse boot web
  bakehouse boot web --json`,
  options: regionOption,
  optionHelp: regionHelp,
  completes: 'instances',
  async run(invocation) {
    const { args, options, terminal, signal } = invocation;
    const connection = await connectionFor(invocation);
    const { instanceId } = await findInstance(await ec2Client(connection), args[0], signal);
    if (!isResourceId('i', instanceId)) throw new CommandFailedError(`no instance ${instanceId}`);
    const boot = await (await adminOf(connection)).call('InstanceBoot', { instanceId }, { signal });
    if (options.json) printJson({ terminal }, bootJson(boot));
    else {
      const { imageId, instanceType, generation } = boot;
      terminal.print(`${instanceId} (${instanceType}, ${imageId}), start ${generation}`);
      const { forkedFrom } = boot;
      if (forkedFrom) {
        const { instanceId: parent, pauseMs } = forkedFrom;
        const pause =
          pauseMs === undefined ? '' : `, which was paused for ${pauseMs.toFixed(1)} ms`;
        terminal.print(`forked from ${parent}${pause}`);
      }
      if (boot.bootedBecause) terminal.print(`not from the template: ${boot.bootedBecause}`);
      for (const line of bootLines(boot)) terminal.print(line);
    }
    return 0;
  },
};
