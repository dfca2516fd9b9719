import type { Snapshot } from '@aws-sdk/client-ec2';
import { ec2Client, loadSdk } from '../client/ec2.ts';
import type { Command } from '../command.ts';
import { table } from '../terminal/table.ts';
import { timeText } from '../terminal/time.ts';
import { connectionFor, printJson, regionHelp, regionOption } from './options.ts';

const snapshotRow = (snapshot: Snapshot) => ({
  snapshotId: snapshot.SnapshotId ?? '',
  state: snapshot.State ?? '',
  progress: snapshot.Progress ?? '',
  sizeGiB: snapshot.VolumeSize ?? 0,
  volumeId: snapshot.VolumeId ?? '',
  startedAt: snapshot.StartTime?.toISOString() ?? '',
  description: snapshot.Description ?? '',
});

const headings = ['SNAPSHOT', 'STATE', 'PROGRESS', 'SIZE', 'VOLUME', 'STARTED', 'DESCRIPTION'];

export const snapshotsCommand: Command = {
  name: 'snapshots',
  usage: '[--all] [--region NAME]',
  argumentsMax: 0,
  summary: 'list snapshots',
  help: 'Your own, the newest first. What they take on disk is shown by `bakehouse usage`.',
  options: { ...regionOption, all: { type: 'boolean' } },
  optionHelp: { ...regionHelp, all: "the platform's snapshots, too" },
  async run({ terminal, options, signal, env }) {
    const connection = await connectionFor({ options, env });
    const client = await ec2Client(connection);
    const { paginateDescribeSnapshots } = await loadSdk();
    const OwnerIds = ['self', ...(options.all ? [connection.platformOwner] : [])];
    const rows = [];
    for await (const page of paginateDescribeSnapshots({ client }, { OwnerIds })) {
      signal.throwIfAborted();
      rows.push(...(page.Snapshots ?? []).map(snapshotRow));
    }
    rows.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
    const cells = rows.map((row) => [
      row.snapshotId,
      row.state,
      row.progress,
      `${row.sizeGiB} GiB`,
      row.volumeId,
      timeText(row.startedAt),
      row.description,
    ]);
    if (options.json) printJson({ terminal }, rows);
    else if (rows.length === 0) terminal.note('no snapshots');
    else for (const line of table(headings, cells)) terminal.print(line);
    return 0;
  },
};
