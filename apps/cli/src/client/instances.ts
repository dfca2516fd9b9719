import type { EC2Client, Filter, Instance } from '@aws-sdk/client-ec2';
import { loadSdk } from './ec2.ts';

/** An instance as the commands show it; also what `--json` prints. */
export interface InstanceRow {
  readonly instanceId: string;
  readonly name: string;
  readonly state: string;
  readonly type: string;
  readonly imageId: string;
  readonly zone: string;
  readonly keyName: string;
  readonly publicIp: string;
  readonly privateIp: string;
  readonly launchedAt: string;
  /** Why it is in its state, where somebody or something ended it. */
  readonly reason: string;
}

export function instanceRow(instance: Instance): InstanceRow {
  return {
    instanceId: instance.InstanceId ?? '',
    name: instance.Tags?.find((tag) => tag.Key === 'Name')?.Value ?? '',
    state: instance.State?.Name ?? '',
    type: instance.InstanceType ?? '',
    imageId: instance.ImageId ?? '',
    zone: instance.Placement?.AvailabilityZone ?? '',
    keyName: instance.KeyName ?? '',
    publicIp: instance.PublicIpAddress ?? '',
    privateIp: instance.PrivateIpAddress ?? '',
    launchedAt: instance.LaunchTime?.toISOString() ?? '',
    reason: instance.StateReason?.Message ?? '',
  };
}

export interface InstanceQuery {
  readonly ids?: readonly string[];
  readonly filters?: Filter[];
}

/** All pages, the last launched first. */
export async function listInstances(
  client: EC2Client,
  signal: AbortSignal,
  { ids, filters }: InstanceQuery = {},
): Promise<readonly InstanceRow[]> {
  const { paginateDescribeInstances } = await loadSdk();
  const request = {
    ...(ids ? { InstanceIds: [...ids] } : {}),
    ...(filters ? { Filters: filters } : {}),
  };
  const rows: InstanceRow[] = [];
  // Passing the signal per page is not possible with paginators; each request has its own time limit.
  for await (const page of paginateDescribeInstances({ client }, request)) {
    signal.throwIfAborted();
    for (const { Instances = [] } of page.Reservations ?? []) {
      rows.push(...Instances.map(instanceRow));
    }
  }
  return rows.sort((a, b) => b.launchedAt.localeCompare(a.launchedAt));
}
