import type * as Ec2 from '@bakehouse/aws-model';
import {
  type AttachmentState,
  type Instance,
  interfacesOf,
  type MetadataReader,
} from '@bakehouse/domain';
import { instanceView } from './instance.ts';
import type { InstanceFacts } from './instance-facts.ts';
import { type InterfaceFacts, readInterfaceFacts } from './interface-facts.ts';

type ReservationView = NonNullable<Ec2.Ec2Output<'DescribeInstances'>['Reservations']>[number];

async function readAttachmentStates(
  reader: MetadataReader,
  { id, volumes }: Instance,
): Promise<Pick<InstanceFacts, 'attachmentStates'>> {
  const attachmentStates: (AttachmentState | 'detached')[] = [];
  for (const { volumeId } of volumes) {
    const attachment = (await reader.get('volume', volumeId))?.attachment;
    attachmentStates.push(attachment?.instanceId === id ? attachment.state : 'detached');
  }
  return attachmentStates.every((state) => state === 'attached') ? {} : { attachmentStates };
}

/** Reads the records that the view and the filters of an instance need. */
export async function readInstanceFacts(
  reader: MetadataReader,
  instance: Instance,
): Promise<InstanceFacts> {
  const interfaces: InterfaceFacts[] = [];
  for (const nic of await interfacesOf(reader, instance.id)) {
    interfaces.push(await readInterfaceFacts(reader, nic));
  }
  const states = await readAttachmentStates(reader, instance);
  return { instance, interfaces, ...states };
}

/** Instances grouped by the launch that made them. */
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

/** As `reservationViews`, with the records read from the store. */
export async function readReservations(
  reader: MetadataReader,
  instances: readonly Instance[],
): Promise<ReservationView[]> {
  const facts: InstanceFacts[] = [];
  for (const instance of instances) facts.push(await readInstanceFacts(reader, instance));
  return reservationViews(facts);
}

/** The reply of RunInstances, which leaves out members that DescribeInstances shows at the same time. */
export function launchReply({ Instances = [], ...reservation }: ReservationView): ReservationView {
  const instances = Instances.map((instance) => {
    const {
      HibernationOptions: _hibernation,
      NetworkPerformanceOptions: _performance,
      PlatformDetails: _platform,
      SecondaryInterfaces: _secondary,
      UsageOperation: _usage,
      UsageOperationUpdateTime: _usageTime,
      ...shown
    } = instance;
    return shown;
  });
  return { ...reservation, Instances: instances };
}
