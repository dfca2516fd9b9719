import { ec2Client } from '../client/ec2.ts';
import { type InstanceRow, listInstances } from '../client/instances.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal/table.ts';
import { timeText } from '../terminal/time.ts';
import { connectionFor, printJson, regionHelp, regionOption } from './options.ts';

const headings = ['INSTANCE', 'NAME', 'STATE', 'TYPE', 'ADDRESS', 'PRIVATE', 'IMAGE', 'LAUNCHED'];

const instanceCells = (row: InstanceRow): readonly string[] => [
  row.instanceId,
  row.name,
  row.state,
  row.type,
  row.publicIp,
  row.privateIp,
  row.imageId,
  timeText(row.launchedAt),
];

export const instancesCommand: Command = {
  name: 'instances',
  usage: '[--all] [--region NAME]',
  argumentsMax: 0,
  summary: 'list instances with their addresses',
  help: `
The last launched first. ADDRESS is the public one, reached from this machine.

  bakehouse instances
  bakehouse instances --all        # terminated ones, too`,
  options: { ...regionOption, all: { type: 'boolean' } },
  optionHelp: { ...regionHelp, all: 'terminated instances, too' },
  async run({ terminal, options, signal, env }) {
    const client = await ec2Client(await connectionFor({ options, env }));
    const found = await listInstances(client, signal);
    const rows = options.all ? found : found.filter((row) => row.state !== 'terminated');
    if (options.json) printJson({ terminal }, rows);
    else if (rows.length === 0) terminal.note("no instances; 'bakehouse run' launches one");
    else for (const line of table(headings, rows.map(instanceCells))) terminal.print(line);
    return 0;
  },
};
