import { type IdSource, invariant, type TimestampMs } from '@bakehouse/base';
import { apiError } from '../errors/api-error.ts';
import { macAddress, planInterface } from '../network/plan-interface.ts';
import type { AccountId, InstanceId, ReservationId, Tags } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { Image } from '../records/image.ts';
import type { Instance, InstanceVolume } from '../records/instance.ts';
import type { NetworkInterface, SecurityGroup, Subnet } from '../records/network.ts';
import type { Snapshot } from '../records/snapshot.ts';
import type { Volume } from '../records/volume.ts';
import { planVolume } from '../volumes/plan-volume.ts';
import type { LaunchRecords } from './plan-launch.ts';

/** A running instance, and what is known of what it has. */
export interface ForkParent {
  readonly instance: Instance;
  /** Undefined when it was deregistered. */
  readonly image: Image | undefined;
  readonly volumes: readonly Volume[];
  readonly nics: readonly NetworkInterface[];
  /** Pending ones of its volumes. */
  readonly snapshots: readonly Snapshot[];
}

type ForkRule = (
  parent: ForkParent,
  caller: { readonly accountId: AccountId; readonly platformAccountId: AccountId },
) => string | undefined;

/** Why an instance cannot be forked; the first that applies. What only its machine knows is asked when it is forked. */
const rules: readonly ForkRule[] = [
  ({ instance: { state } }) => (state === 'running' ? undefined : `it is ${state}, not running`),
  ({ instance, image }, { accountId, platformAccountId }) => {
    if (!image) return `its image ${instance.imageId} is not registered any more`;
    if (image.ownerId === accountId || image.ownerId === platformAccountId) return undefined;
    return `its image ${image.id} belongs to another account; make an image of the instance, and fork an instance of that`;
  },
  ({ instance: { ephemeralDisks } }) =>
    ephemeralDisks.length === 0 ? undefined : 'it has instance-store disks, which are not copied',
  ({ nics }) =>
    nics.length === 1
      ? undefined
      : `it has ${nics.length} network interfaces, and only the first can be replaced; detach the others`,
  ({ volumes }) => {
    const moving = volumes.find(({ attachment }) => attachment?.state !== 'attached');
    return moving && `its volume ${moving.id} is ${moving.attachment?.state ?? moving.state}`;
  },
  ({ volumes }) => {
    const growing = volumes.find(({ modification }) => modification?.state === 'modifying');
    return growing && `its volume ${growing.id} is being modified`;
  },
  ({ snapshots: [taken] }) =>
    taken &&
    `the snapshot ${taken.id} of its volume ${taken.volumeId} is still being taken; try again when it is completed`,
];

/** Throws for an instance that cannot be forked, with the reason. */
export function checkForkable(parent: ForkParent, caller: Parameters<ForkRule>[1]): void {
  for (const rule of rules) {
    const reason = rule(parent, caller);
    if (reason !== undefined) throw notForkable(parent.instance.id, reason);
  }
}

export const notForkable = (instanceId: InstanceId, reason: string) =>
  apiError('IncorrectInstanceState', {
    message: `The instance '${instanceId}' cannot be forked: ${reason}`,
  });

/** Whether the memory and the disks that it was made for are not its own yet, or never will be. */
export const lacksInstant = ({ forkedFrom }: Pick<Instance, 'forkedFrom'>): boolean =>
  forkedFrom !== undefined && forkedFrom.instant === undefined;

export interface ForkFacts extends ForkParent {
  readonly subnet: Subnet;
  /** Of its network interface. */
  readonly groups: readonly SecurityGroup[];
  readonly now: TimestampMs;
  readonly reservationId: ReservationId;
}

/** What differs between the forks of a request. */
export interface ForkDraw {
  readonly launchIndex: number;
  readonly privateIp: string;
  readonly publicIp?: string;
}

/** What others know it by stays with the parent: its name, and the tags of the platform. */
const copiedTags = (tags: Tags): Tags =>
  Object.fromEntries(
    Object.entries(tags).filter(([key]) => key !== 'Name' && !key.startsWith('aws:')),
  );

interface ForkIds {
  readonly ids: IdSource;
  readonly instanceId: InstanceId;
}

/** As empty as the other was made; the fork fills it. */
function forkedVolume(volume: Volume, { now }: ForkFacts, { ids, instanceId }: ForkIds): Volume {
  const { ownerId, region, hostId, zone, attachment, snapshotId, originMapId } = volume;
  const tags = copiedTags(volume.tags);
  invariant(attachment, `${volume.id} is attached`);
  const { deviceName, deleteOnTermination } = attachment;
  const planned = planVolume({
    ...{ id: ids.resource('vol'), ownerId, region, tags, createdAt: now, hostId, zone },
    shape: volume,
    snapshot: undefined,
    rateMiBps: undefined,
    attachment: { instanceId, deviceName, deleteOnTermination },
  });
  return { ...planned, ...definedMembers({ snapshotId, originMapId }) };
}

function forkedInterface(
  { nics: [nic], subnet, groups, now }: ForkFacts,
  { privateIp, publicIp }: ForkDraw,
  { ids, instanceId }: ForkIds,
): NetworkInterface {
  invariant(nic, 'an instance that can be forked has a network interface');
  const { ownerId, region, hostId, description, sourceDestCheck } = nic;
  const tags = copiedTags(nic.tags);
  const attachment = { id: ids.resource('eni-attach'), instanceId, deviceIndex: 0 };
  const planned = planInterface({
    ...{ id: ids.resource('eni'), ownerId, region, tags, createdAt: now, hostId },
    ...{ subnet, groups, description, privateIp, publicIp },
    associatePublicIp: publicIp !== undefined,
    macAddress: macAddress(ids),
    attachment: { ...attachment, deleteOnTermination: true },
  });
  return { ...planned, sourceDestCheck };
}

const useOf = ({ id: volumeId, attachment, createdAt: attachedAt }: Volume): InstanceVolume => ({
  volumeId,
  deviceName: attachment?.deviceName ?? '',
  deleteOnTermination: attachment?.deleteOnTermination ?? true,
  attachedAt,
});

/** Nobody has protected the fork from its end. The guest cannot read its settings before it runs. */
const ownSettings = ({ metadataOptions }: Instance) => ({
  disableApiTermination: false,
  disableApiStop: false,
  metadataOptions: { ...metadataOptions, state: 'pending' as const },
});

/** The records of one fork, in `pending`, with ids of its own. docs/forks.md has what is the parent's. */
export function planFork(facts: ForkFacts, draw: ForkDraw, ids: IdSource): LaunchRecords {
  const { now, reservationId } = facts;
  const id = ids.resource('i');
  const own = { ids, instanceId: id };
  const volumes = facts.volumes.map((volume) => forkedVolume(volume, facts, own));
  const nic = forkedInterface(facts, draw, own);
  const {
    status: _,
    stateReason: __,
    launchTimes: ___,
    fastLaunch: ____,
    clientToken: _____,
    tags,
    ...parent
  } = facts.instance;
  const instance: Instance = {
    ...parent,
    ...{ id, tags: copiedTags(tags), reservationId, launchIndex: draw.launchIndex },
    ...ownSettings(facts.instance),
    ...{ createdAt: now, launchedAt: now, state: 'pending', stateTransitionReason: '' },
    networkInterfaceId: nic.id,
    volumes: volumes.map(useOf),
    generation: 1,
    forkedFrom: { instanceId: parent.id },
  };
  return { instance, nics: [nic], volumes };
}
