import type { Volume } from '@aws-sdk/client-ec2';
import { ec2Client, loadSdk } from '../client/ec2.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal/table.ts';
import { connectionFor, printJson, regionHelp, regionOption } from './options.ts';

const volumeRow = (volume: Volume) => ({
  volumeId: volume.VolumeId ?? '',
  state: volume.State ?? '',
  sizeGiB: volume.Size ?? 0,
  type: volume.VolumeType ?? '',
  zone: volume.AvailabilityZone ?? '',
  instanceId: volume.Attachments?.[0]?.InstanceId ?? '',
  device: volume.Attachments?.[0]?.Device ?? '',
  snapshotId: volume.SnapshotId ?? '',
  createdAt: volume.CreateTime?.toISOString() ?? '',
});

const headings = ['VOLUME', 'STATE', 'SIZE', 'TYPE', 'ZONE', 'INSTANCE', 'DEVICE', 'FROM'];

export const volumesCommand: Command = {
  name: 'volumes',
  usage: '[--region NAME]',
  argumentsMax: 0,
  summary: 'list volumes and where they are attached',
  help: `
The newest first. FROM is the snapshot that the volume was made of.

  bakehouse volumes --json | jq -r '.[] | select(.state == "available").volumeId'`,
  options: regionOption,
  optionHelp: regionHelp,
  async run({ terminal, options, signal, env }) {
    const client = await ec2Client(await connectionFor({ options, env }));
    const { paginateDescribeVolumes } = await loadSdk();
    const rows = [];
    for await (const page of paginateDescribeVolumes({ client }, {})) {
      signal.throwIfAborted();
      rows.push(...(page.Volumes ?? []).map(volumeRow));
    }
    rows.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    const cells = rows.map((row) => [
      row.volumeId,
      row.state,
      `${row.sizeGiB} GiB`,
      row.type,
      row.zone,
      row.instanceId,
      row.device,
      row.snapshotId,
    ]);
    if (options.json) printJson({ terminal }, rows);
    else if (rows.length === 0) terminal.note('no volumes');
    else for (const line of table(headings, cells)) terminal.print(line);
    return 0;
  },
};
