import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type Instance, type InstanceVolume } from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';

type Mapping = NonNullable<Ec2Input<'ModifyInstanceAttribute'>['BlockDeviceMappings']>[number];

const invalid = (message: string) => apiError('InvalidInstanceAttributeValue', { message });

function deviceOf(instance: Instance, mapping: Mapping): InstanceVolume {
  const { DeviceName: name, Ebs: ebs } = mapping;
  if (!name) throw apiError('MissingParameter', { parameter: 'deviceName' });
  if (mapping.NoDevice !== undefined || mapping.VirtualName !== undefined) {
    throw apiError('UnsupportedOperation', {
      message: `Only DeleteOnTermination of ${name} can be changed; attach and detach volumes by their own operations`,
    });
  }
  const volume = instance.volumes.find((each) => each.deviceName === name);
  if (!volume) throw invalid(`No device is currently mapped at ${name}`);
  if (ebs?.VolumeId !== undefined && ebs.VolumeId !== volume.volumeId) {
    throw invalid(`The volume at ${name} is ${volume.volumeId}, not ${ebs.VolumeId}`);
  }
  const deleteOnTermination = ebs?.DeleteOnTermination;
  if (deleteOnTermination === undefined) {
    throw apiError('MissingParameter', { parameter: 'ebs.deleteOnTermination' });
  }
  return { ...volume, deleteOnTermination };
}

/** Changes whether volumes go with the instance, in its record and in theirs. */
export async function changeBlockDevices(
  tx: ControlTransaction,
  instance: Instance,
  mappings: readonly Mapping[],
): Promise<Instance> {
  const changed = new Map<string, InstanceVolume>();
  for (const mapping of mappings) {
    const device = deviceOf(instance, mapping);
    const { deviceName, deleteOnTermination } = device;
    const other = changed.get(deviceName);
    if (other && other.deleteOnTermination !== deleteOnTermination) {
      throw invalid(`${deviceName} is mapped twice, with both values of DeleteOnTermination`);
    }
    changed.set(deviceName, device);
  }
  for (const { volumeId, deleteOnTermination } of changed.values()) {
    const volume = await tx.get('volume', volumeId);
    if (!volume?.attachment) continue;
    await tx.put('volume', {
      ...volume,
      attachment: { ...volume.attachment, deleteOnTermination },
    });
  }
  const volumes = instance.volumes.map((each) => changed.get(each.deviceName) ?? each);
  return { ...instance, volumes };
}
