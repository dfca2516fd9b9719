import { invariant } from '@bakehouse/base';
import {
  type HostId,
  type Instance,
  type InstanceId,
  type MetadataReader,
  type MetadataTransaction,
  type RegionName,
  settledMonitoring,
} from '@bakehouse/domain';

/** Changes the instance's record, if it still exists. */
export async function changeInstance(
  tx: MetadataTransaction,
  instanceId: InstanceId,
  change: (instance: Instance) => Instance,
): Promise<void> {
  const instance = await tx.get('instance', instanceId);
  if (instance) await tx.put('instance', change(instance));
}

/** The record when the guest can read its monitoring and metadata options. */
export const withSettingsApplied = (instance: Instance): Instance => ({
  ...instance,
  monitoring: settledMonitoring(instance),
  metadataOptions: { ...instance.metadataOptions, state: 'applied' },
});

interface InstancePlace {
  readonly region: RegionName;
  readonly hostId: HostId;
  readonly lanes: readonly string[];
}

/** Where work on an instance belongs: it has the instance for itself, but not its volumes. */
export async function instancePlace(
  reader: MetadataReader,
  instanceId: InstanceId,
): Promise<InstancePlace> {
  const { id, region, hostId } = await existing(reader, instanceId);
  return { region, hostId, lanes: [id] };
}

/** The same for work that has the instance's volumes for itself, too. */
export async function wholeInstancePlace(
  reader: MetadataReader,
  instanceId: InstanceId,
): Promise<InstancePlace> {
  const { id, region, hostId, volumes } = await existing(reader, instanceId);
  return { region, hostId, lanes: [id, ...volumes.map(({ volumeId }) => volumeId)] };
}

async function existing(reader: MetadataReader, instanceId: InstanceId): Promise<Instance> {
  const instance = await reader.get('instance', instanceId);
  invariant(instance, `instance ${instanceId} has a record when work on it begins`);
  return instance;
}
