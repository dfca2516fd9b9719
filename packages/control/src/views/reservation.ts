import type * as Ec2 from '@bakehouse/aws-model';
import type { AttachmentState, Instance, MetadataReader, SecurityGroup } from '@bakehouse/domain';
import { type InstanceFacts, instanceView } from './instance.ts';

type ReservationView = NonNullable<Ec2.Ec2Output<'DescribeInstances'>['Reservations']>[number];

async function readAttachmentStates(
  reader: MetadataReader,
  { id, volumes }: Instance,
): Promise<Pick<InstanceFacts, 'attachmentStates'>> {
  const attachmentStates: AttachmentState[] = [];
  for (const { volumeId } of volumes) {
    const attachment = (await reader.get('volume', volumeId))?.attachment;
    attachmentStates.push(attachment?.instanceId === id ? attachment.state : 'detached');
  }
  return attachmentStates.every((state) => state === 'attached') ? {} : { attachmentStates };
}

/** An instance's record with what its view shows of others: network, and how its volumes are attached. */
export async function readInstanceFacts(
  reader: MetadataReader,
  instance: Instance,
): Promise<InstanceFacts> {
  const nic = await reader.get('networkInterface', instance.networkInterfaceId);
  const groups: SecurityGroup[] = [];
  for (const groupId of nic?.groupIds ?? []) {
    const group = await reader.get('securityGroup', groupId);
    if (group) groups.push(group);
  }
  const states = await readAttachmentStates(reader, instance);
  return { instance, groups, ...(nic ? { nic } : {}), ...states };
}

/** Instances as answers show them: by the launch that made them. */
export function reservationViews(items: readonly InstanceFacts[]): ReservationView[] {
  const byReservation = Map.groupBy(items, (item) => item.instance.reservationId);
  return [...byReservation].map(([reservationId, members]) => ({
    ReservationId: reservationId,
    OwnerId: members[0]?.instance.ownerId,
    Groups: [],
    Instances: members
      .toSorted((a, b) => a.instance.launchIndex - b.instance.launchIndex)
      .map(instanceView),
  }));
}

/** As `reservationViews`, reading what the views need. */
export async function readReservations(
  reader: MetadataReader,
  instances: readonly Instance[],
): Promise<ReservationView[]> {
  const facts: InstanceFacts[] = [];
  for (const instance of instances) facts.push(await readInstanceFacts(reader, instance));
  return reservationViews(facts);
}
