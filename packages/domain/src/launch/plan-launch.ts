import { type IdSource, invariant, type TimestampMs } from '@bakehouse/base';
import type { FastLaunchChoice } from '../images/fast-launch.ts';
import type { CpuOptions } from '../instance-types/cpu-options.ts';
import type { InstanceType } from '../instance-types/instance-type.ts';
import { macAddress, planInterface } from '../network/plan-interface.ts';
import type { AccountId, HostId, InstanceId, ReservationId, Tags } from '../records/common.ts';
import { definedMembers } from '../records/defined-members.ts';
import type { BlockDeviceMapping, Image } from '../records/image.ts';
import type { EphemeralDisk, Instance, MetadataOptions } from '../records/instance.ts';
import type { KeyPair } from '../records/key-pair.ts';
import type { NetworkInterface, SecurityGroup, Subnet, Vpc } from '../records/network.ts';
import type { Snapshot } from '../records/snapshot.ts';
import type { Volume } from '../records/volume.ts';
import { planVolume } from '../volumes/plan-volume.ts';

/** A device of a launch with the snapshot that its volume starts from. */
export interface LaunchDevice {
  readonly device: BlockDeviceMapping;
  readonly snapshot?: Snapshot;
}

/** The private addresses that an interface is to have: named ones, and how many others. */
export interface AskedAddresses {
  readonly primary?: string;
  readonly secondary: readonly string[];
  readonly secondaryCount: number;
}

/** A network interface that a launch makes, or one that exists. */
export type LaunchInterface =
  | {
      readonly kind: 'new';
      readonly deviceIndex: number;
      readonly subnet: Subnet;
      readonly groups: readonly SecurityGroup[];
      readonly asked: AskedAddresses;
      readonly description: string;
      readonly deleteOnTermination: boolean;
    }
  | {
      readonly kind: 'existing';
      readonly deviceIndex: number;
      readonly subnet: Subnet;
      readonly nic: NetworkInterface;
    };

/** Where an instance goes on the network. */
export interface Placement {
  readonly vpc: Vpc;
  /** Of the primary interface. */
  readonly subnet: Subnet;
  /** By device index: the primary one first. */
  readonly interfaces: readonly [LaunchInterface, ...LaunchInterface[]];
  /** Whether the primary interface draws a public address at each start. */
  readonly publicIp: boolean;
}

/** What a launch resolved to; the same for all its instances. */
export interface LaunchFacts {
  readonly accountId: AccountId;
  readonly region: string;
  /** Where the instance, its volumes and its interface are to be. */
  readonly hostId: HostId;
  readonly now: TimestampMs;
  readonly reservationId: ReservationId;
  readonly image: Image;
  readonly type: InstanceType;
  readonly placement: Placement;
  readonly devices: readonly LaunchDevice[];
  readonly ephemeralDisks: readonly EphemeralDisk[];
  readonly keyPair?: KeyPair;
  readonly metadataOptions: MetadataOptions;
  readonly userDataBase64?: string;
  readonly shutdownBehavior: 'stop' | 'terminate';
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly ebsOptimized: boolean;
  readonly monitoring: 'enabled' | 'disabled';
  readonly stateReason?: Instance['stateReason'];
  readonly cpuOptions?: CpuOptions;
  readonly cpuCredits?: 'standard' | 'unlimited';
  readonly autoRecovery?: 'disabled';
  readonly clientToken?: string;
  /** Absent: the image has no fast launch. */
  readonly fastLaunch?: FastLaunchChoice;
  readonly tags: {
    readonly instance: Tags;
    readonly volume: Tags;
    readonly networkInterface: Tags;
  };
}

/** What differs between the instances of a launch. */
export interface LaunchDraw {
  readonly launchIndex: number;
  /** Of each interface of the placement, in its order; undefined for those that exist. */
  readonly addresses: readonly (DrawnAddresses | undefined)[];
  /** Of the primary interface. */
  readonly publicIp?: string;
}

/** The private addresses of a new interface. */
export interface DrawnAddresses {
  readonly privateIp: string;
  readonly secondaryIps: readonly string[];
}

export interface LaunchRecords {
  readonly instance: Instance;
  /** By device index: the primary one first. */
  readonly nics: readonly NetworkInterface[];
  readonly volumes: readonly Volume[];
}

/** What a new instance and its parts know of one another. */
interface Draws {
  readonly ids: IdSource;
  readonly instanceId: InstanceId;
}

/** Memory goes on with the disk that it was kept with. */
function withTemplate({ fastLaunch }: LaunchFacts, { id, mapId }: Snapshot) {
  const isFast = fastLaunch !== undefined && 'template' in fastLaunch;
  return { id, mapId: isFast ? fastLaunch.template.mapId : mapId };
}

function instanceFastLaunch({ fastLaunch }: LaunchFacts): Pick<Instance, 'fastLaunch'> {
  if (!fastLaunch) return {};
  if ('bootedBecause' in fastLaunch) return { fastLaunch };
  return { fastLaunch: { memoryOf: fastLaunch.template.instanceId } };
}

function launchedVolumes(facts: LaunchFacts, { ids, instanceId }: Draws): readonly Volume[] {
  return facts.devices.flatMap(({ device: { deviceName, ebs }, snapshot }) => {
    if (!ebs) return [];
    return planVolume({
      id: ids.resource('vol'),
      ownerId: facts.accountId,
      region: facts.region,
      tags: facts.tags.volume,
      createdAt: facts.now,
      hostId: facts.hostId,
      zone: facts.placement.subnet.zone,
      shape: ebs,
      snapshot: snapshot && withTemplate(facts, snapshot),
      rateMiBps: ebs.initializationRateMiBps,
      attachment: { instanceId, deviceName, deleteOnTermination: ebs.deleteOnTermination },
    });
  });
}

/** An existing interface stays when the instance is terminated. */
function attachedInterface(
  { now }: LaunchFacts,
  { nic, deviceIndex }: Extract<LaunchInterface, { kind: 'existing' }>,
  { ids, instanceId }: Draws,
): NetworkInterface {
  const id = ids.resource('eni-attach');
  const attachment = {
    id,
    instanceId,
    deviceIndex,
    attachedAt: now,
    deleteOnTermination: false,
  };
  return { ...nic, status: 'in-use', attachment };
}

function launchedInterface(
  facts: LaunchFacts,
  {
    launched,
    addresses,
    publicIp,
  }: {
    launched: Extract<LaunchInterface, { kind: 'new' }>;
    addresses: DrawnAddresses | undefined;
    publicIp: string | undefined;
  },
  { ids, instanceId }: Draws,
): NetworkInterface {
  const { deviceIndex, subnet, groups, description, deleteOnTermination } = launched;
  invariant(addresses, 'a new interface has addresses');
  return planInterface({
    id: ids.resource('eni'),
    ownerId: facts.accountId,
    region: facts.region,
    tags: facts.tags.networkInterface,
    createdAt: facts.now,
    hostId: facts.hostId,
    subnet,
    groups,
    description,
    macAddress: macAddress(ids),
    ...addresses,
    publicIp,
    associatePublicIp: deviceIndex === 0 && facts.placement.publicIp,
    attachment: { id: ids.resource('eni-attach'), instanceId, deviceIndex, deleteOnTermination },
  });
}

function launchedInterfaces(
  facts: LaunchFacts,
  { addresses, publicIp }: LaunchDraw,
  draws: Draws,
): readonly NetworkInterface[] {
  return facts.placement.interfaces.map((each, index) => {
    if (each.kind === 'existing') return attachedInterface(facts, each, draws);
    const own = { launched: each, addresses: addresses[index] };
    return launchedInterface(
      facts,
      { ...own, publicIp: index === 0 ? publicIp : undefined },
      draws,
    );
  });
}

/** The records of one new instance, in `pending`. Pure except that it draws ids. */
export function planLaunch(facts: LaunchFacts, draw: LaunchDraw, ids: IdSource): LaunchRecords {
  const { image, placement, now } = facts;
  const instanceId = ids.resource('i');
  const volumes = launchedVolumes(facts, { ids, instanceId });
  const nics = launchedInterfaces(facts, draw, { ids, instanceId });
  const [primary] = nics;
  invariant(primary, `${instanceId} has a primary interface`);
  const { keyPair, userDataBase64, cpuOptions, cpuCredits, autoRecovery, clientToken } = facts;
  const instance: Instance = {
    id: instanceId,
    ownerId: facts.accountId,
    region: facts.region,
    tags: facts.tags.instance,
    createdAt: now,
    hostId: facts.hostId,
    reservationId: facts.reservationId,
    launchIndex: draw.launchIndex,
    imageId: image.id,
    instanceType: facts.type.name,
    state: 'pending',
    stateTransitionReason: '',
    ...(facts.stateReason ? { stateReason: facts.stateReason } : {}),
    launchedAt: now,
    zone: placement.subnet.zone,
    vpcId: placement.vpc.id,
    subnetId: placement.subnet.id,
    networkInterfaceId: primary.id,
    ...(keyPair ? { keyName: keyPair.name, publicKey: keyPair.publicKey } : {}),
    architecture: image.architecture,
    root: image.root,
    boot: image.boot,
    enaSupport: image.enaSupport,
    ...definedMembers({ sriovNetSupport: image.sriovNetSupport }),
    platformDetails: image.platformDetails,
    volumes: volumes.map((volume) => ({
      deviceName: volume.attachment?.deviceName ?? '',
      volumeId: volume.id,
      deleteOnTermination: volume.attachment?.deleteOnTermination ?? true,
      attachedAt: now,
    })),
    ephemeralDisks: facts.ephemeralDisks,
    ...(userDataBase64 ? { userDataBase64 } : {}),
    metadataOptions: facts.metadataOptions,
    shutdownBehavior: facts.shutdownBehavior,
    disableApiTermination: facts.disableApiTermination,
    disableApiStop: facts.disableApiStop,
    ebsOptimized: facts.ebsOptimized,
    monitoring: facts.monitoring,
    ...(cpuOptions ? { cpuOptions } : {}),
    ...(cpuCredits ? { cpuCredits } : {}),
    ...(autoRecovery ? { autoRecovery } : {}),
    ...(clientToken ? { clientToken } : {}),
    ...instanceFastLaunch(facts),
    generation: 1,
  };
  return { instance, nics, volumes };
}
