import type { Ec2Output } from '@bakehouse/aws-model';
import {
  associatesPublicIp,
  derivesIops,
  isMonitored,
  type MetadataReader,
} from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { tagsView, userTags } from '../../request/tags.ts';
import { instanceCpuOptions, metadataOptionsView } from '../../views/instance.ts';
import type { InstanceFacts } from '../../views/instance-facts.ts';
import { readInstanceFacts } from '../../views/reservation.ts';

type Data = NonNullable<Ec2Output<'GetLaunchTemplateData'>['LaunchTemplateData']>;

async function mappings(reader: MetadataReader, { instance }: InstanceFacts) {
  const rows = [];
  for (const { deviceName, volumeId, deleteOnTermination } of instance.volumes) {
    const volume = await reader.get('volume', volumeId);
    if (!volume) continue;
    const { iops, throughput, snapshotId } = volume;
    rows.push({
      DeviceName: deviceName,
      Ebs: {
        Encrypted: false,
        DeleteOnTermination: deleteOnTermination,
        ...(snapshotId ? { SnapshotId: snapshotId } : {}),
        VolumeSize: volume.sizeGiB,
        VolumeType: volume.volumeType,
        ...(iops === undefined || derivesIops(volume.volumeType) ? {} : { Iops: iops }),
        ...(throughput === undefined ? {} : { Throughput: throughput }),
      },
    });
  }
  return rows;
}

/** Of several interfaces none is given an automatic public address, so that there is nothing to say of it. */
async function interfaces(
  reader: MetadataReader,
  { interfaces: all }: InstanceFacts,
): Promise<Partial<Data>> {
  if (all.length === 0) return {};
  const specifications = all.map(async ({ nic, groups }) => ({
    DeviceIndex: nic.attachment?.deviceIndex ?? 0,
    ...(all.length === 1 && {
      AssociatePublicIpAddress: await associatesPublicIp(reader, nic),
    }),
    DeleteOnTermination: nic.attachment?.deleteOnTermination ?? true,
    Description: nic.description,
    Groups: groups.map((group) => group.id),
    SubnetId: nic.subnetId,
    ...(nic.secondaryIps?.length && { SecondaryPrivateIpAddressCount: nic.secondaryIps.length }),
  }));
  return { NetworkInterfaces: await Promise.all(specifications) };
}

function settings({ instance }: InstanceFacts): Data {
  const { State: _, ...metadataOptions } = metadataOptionsView(instance);
  // The platform's tags name the instance's own template, and no template may have them.
  const tags = tagsView(userTags(instance.tags));
  return {
    EbsOptimized: instance.ebsOptimized,
    ImageId: instance.imageId,
    InstanceType: instance.instanceType as NonNullable<Data['InstanceType']>,
    ...(instance.keyName ? { KeyName: instance.keyName } : {}),
    Monitoring: { Enabled: isMonitored(instance) },
    Placement: { AvailabilityZone: instance.zone, Tenancy: 'default' },
    DisableApiTermination: instance.disableApiTermination,
    DisableApiStop: instance.disableApiStop,
    InstanceInitiatedShutdownBehavior: instance.shutdownBehavior,
    ...(instance.userDataBase64 ? { UserData: instance.userDataBase64 } : {}),
    ...(tags.length > 0 ? { TagSpecifications: [{ ResourceType: 'instance', Tags: tags }] } : {}),
    ...(instance.cpuCredits ? { CreditSpecification: { CpuCredits: instance.cpuCredits } } : {}),
    CpuOptions: instanceCpuOptions(instance),
    ...(instance.autoRecovery
      ? { MaintenanceOptions: { AutoRecovery: instance.autoRecovery } }
      : {}),
    MetadataOptions: metadataOptions,
  };
}

/** The template data for a launch like this instance. */
export const getLaunchTemplateData: Operation<'GetLaunchTemplateData'> = async (context, request) =>
  await context.read(async (reader) => {
    const instance = await ownedById(reader, context, 'instance', request.InstanceId);
    const facts = await readInstanceFacts(reader, instance);
    return {
      LaunchTemplateData: {
        ...settings(facts),
        BlockDeviceMappings: await mappings(reader, facts),
        ...(await interfaces(reader, facts)),
      },
    };
  });
