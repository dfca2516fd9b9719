import type * as Ec2 from '@bakehouse/aws-model';
import {
  type Instance,
  interfacesOfMany,
  type MetadataReader,
  type Volume,
} from '@bakehouse/domain';
import { readById } from '../lookup/read-by-id.ts';
import { instanceView } from './instance.ts';
import type { InstanceFacts } from './instance-facts.ts';
import { readInterfaceFacts } from './interface-facts.ts';

type ReservationView = NonNullable<Ec2.Ec2Output<'DescribeInstances'>['Reservations']>[number];

function attachmentStates(
  { id, volumes }: Instance,
  known: ReadonlyMap<string, Volume>,
): Pick<InstanceFacts, 'attachmentStates'> {
  const states = volumes.map(({ volumeId }) => {
    const attachment = known.get(volumeId)?.attachment;
    return attachment?.instanceId === id ? attachment.state : 'detached';
  });
  return states.every((state) => state === 'attached') ? {} : { attachmentStates: states };
}

/** Reads for many instances with one look-up for each kind of record; what it returns has the facts of each of them. */
async function readFacts(
  reader: MetadataReader,
  instances: readonly Instance[],
): Promise<(instance: Instance) => InstanceFacts> {
  const ids = instances.map(({ id }) => id);
  const nics = await interfacesOfMany(reader, ids);
  const nicsOf = Map.groupBy(nics, ({ attachment }) => attachment?.instanceId);
  const factsOf = await readInterfaceFacts(reader, nics);
  const volumeIds = instances.flatMap(({ volumes }) => volumes.map(({ volumeId }) => volumeId));
  const volumes = await readById(reader, 'volume', volumeIds);
  return (instance) => ({
    instance,
    interfaces: (nicsOf.get(instance.id) ?? []).map(factsOf),
    ...attachmentStates(instance, volumes),
  });
}

/** Reads the records that the view and the filters of an instance need. */
export const readInstanceFacts = async (
  reader: MetadataReader,
  instance: Instance,
): Promise<InstanceFacts> => (await readFacts(reader, [instance]))(instance);

/** As `readInstanceFacts`: one entry for each instance, in order. */
export const readManyInstances = async (
  reader: MetadataReader,
  instances: readonly Instance[],
): Promise<readonly InstanceFacts[]> => instances.map(await readFacts(reader, instances));

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
  return reservationViews(await readManyInstances(reader, instances));
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
