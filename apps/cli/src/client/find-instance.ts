import type { EC2Client } from '@aws-sdk/client-ec2';
import { CommandFailedError, CommandUsageError } from '../command.ts';
import { findByName, type Named } from './find-by-name.ts';
import { type InstanceRow, listInstances } from './instances.ts';

const instanceNamed = (row: InstanceRow): Named => ({
  id: row.instanceId,
  names: [row.name, row.publicIp, row.privateIp].filter(Boolean),
  isLive: row.state !== 'terminated',
});

const search = { noun: 'instance', listedBy: 'bakehouse instances', describe: instanceNamed };

/** The instances that these words mean, each once, in their order. Each word: id, its beginning, Name tag or address. */
export async function findInstances(
  client: EC2Client,
  queries: readonly string[],
  signal: AbortSignal,
): Promise<readonly InstanceRow[]> {
  if (queries.length === 0) throw new CommandUsageError('name an instance: id, Name or address');
  const rows = await listInstances(client, signal);
  return [...new Set(queries.map((query) => findByName(rows, query, search)))];
}

export async function findInstance(
  client: EC2Client,
  query: string | undefined,
  signal: AbortSignal,
): Promise<InstanceRow> {
  const [row] = await findInstances(client, query ? [query] : [], signal);
  if (!row) throw new CommandFailedError(`there is no instance '${query}'`);
  return row;
}
