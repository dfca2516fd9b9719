import { ec2Client } from '../client/ec2.ts';
import { type ImageRow, listImages } from '../client/images.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal/table.ts';
import { timeText } from '../terminal/time.ts';
import { connectionFor, printJson, regionHelp, regionOption } from './options.ts';

const headings = ['IMAGE', 'NAME', 'OWNER', 'STATE', 'ARCH', 'SIZE', 'CREATED'];

const imageCells = (row: ImageRow): readonly string[] => [
  row.imageId,
  row.name,
  row.owner,
  row.state,
  row.architecture,
  `${row.sizeGiB} GiB`,
  timeText(row.createdAt),
];

export const imagesCommand: Command = {
  name: 'images',
  usage: '[--all] [--region NAME]',
  argumentsMax: 0,
  summary: 'list images that can be launched',
  help: `
Your own images and those of the platform, the newest first.

  bakehouse images
  bakehouse images --json | jq -r '.[0].imageId'`,
  options: { ...regionOption, all: { type: 'boolean' } },
  optionHelp: { ...regionHelp, all: "other accounts' public and shared images, too" },
  async run({ terminal, options, signal, env }) {
    const connection = await connectionFor({ options, env });
    const client = await ec2Client(connection);
    const owners = options.all ? undefined : ['self', connection.platformOwner];
    const rows = await listImages(client, signal, owners);
    if (options.json) printJson({ terminal }, rows);
    else if (rows.length === 0) terminal.note("no images yet; 'bakehouse bake' makes one");
    else for (const line of table(headings, rows.map(imageCells))) terminal.print(line);
    return 0;
  },
};
