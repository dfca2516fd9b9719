import type { IdSource, TimestampMs } from '@bakehouse/base';
import type {
  AccountId,
  EphemeralDisk,
  Image,
  Instance,
  InstanceId,
  InstanceType,
  KeyPair,
  MetadataOptions,
  NetworkInterface,
  ReservationId,
  Tags,
  Volume,
  VolumeId,
} from '@bakehouse/domain';
import type { LaunchDevice } from './block-devices.ts';
import type { Placement } from './placement.ts';
import { beginInitialization } from './volume-initialization.ts';
import { settledShape } from './volume-shape.ts';

/** Everything a launch was found to be; the same for all its instances. */
export interface LaunchFacts {
  readonly accountId: AccountId;
  readonly region: string;
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
  readonly cpuCredits?: 'standard' | 'unlimited';
  readonly autoRecovery?: 'disabled';
  readonly clientToken?: string;
  readonly tags: {
    readonly instance: Tags;
    readonly volume: Tags;
    readonly networkInterface: Tags;
  };
}

/** What is drawn for each instance alone. */
export interface LaunchDraw {
  readonly launchIndex: number;
  readonly privateIp: string;
  readonly publicIp?: string;
}

export interface LaunchRecords {
  readonly instance: Instance;
  readonly nic: NetworkInterface;
  readonly volumes: readonly Volume[];
}

function planVolume(
  facts: LaunchFacts,
  item: LaunchDevice,
  id: VolumeId,
  instanceId: InstanceId,
): Volume {
  const { snapshot, device } = item;
  const rate = device.ebs?.initializationRateMiBps;
  const ebs = device.ebs ?? { sizeGiB: 1, volumeType: 'gp2' as const, deleteOnTermination: true };
  return {
    id,
    ownerId: facts.accountId,
    region: facts.region,
    tags: facts.tags.volume,
    createdAt: facts.now,
    zone: facts.placement.subnet.zone,
    state: 'in-use',
    ...settledShape(ebs),
    ...(snapshot ? { snapshotId: snapshot.id, originMapId: snapshot.mapId } : {}),
    ...(rate === undefined ? {} : { initialization: beginInitialization(facts.now, rate) }),
    encrypted: false,
    multiAttachEnabled: false,
    autoEnableIo: false,
    attachment: {
      instanceId,
      deviceName: device.deviceName,
      state: 'attached',
      attachedAt: facts.now,
      deleteOnTermination: ebs.deleteOnTermination,
    },
  };
}

/** A locally administered address, from the id source so that simulations repeat. */
export function macAddress(ids: IdSource): string {
  const bytes = [...ids.bytes(5)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['0e', ...bytes].join(':');
}

function planNic(
  facts: LaunchFacts,
  draw: LaunchDraw,
  ids: IdSource,
  instanceId: InstanceId,
): NetworkInterface {
  const { subnet, vpc, groups, description, deleteOnTermination } = facts.placement;
  return {
    id: ids.resource('eni'),
    ownerId: facts.accountId,
    region: facts.region,
    tags: facts.tags.networkInterface,
    createdAt: facts.now,
    vpcId: vpc.id,
    subnetId: subnet.id,
    zone: subnet.zone,
    description,
    macAddress: macAddress(ids),
    privateIp: draw.privateIp,
    ...(draw.publicIp ? { publicIp: draw.publicIp } : {}),
    groupIds: groups.map((group) => group.id),
    sourceDestCheck: true,
    status: 'in-use',
    attachment: {
      id: `eni-attach-${ids.resource('i').slice(2)}`,
      instanceId,
      deviceIndex: 0,
      attachedAt: facts.now,
      deleteOnTermination,
    },
  };
}

/** The records of one new instance, in `pending`. Pure but for the ids that it draws. */
export function planLaunch(facts: LaunchFacts, draw: LaunchDraw, ids: IdSource): LaunchRecords {
  const { image, placement, now } = facts;
  const instanceId = ids.resource('i');
  const ebsDevices = facts.devices.filter((item) => item.device.ebs);
  const volumes = ebsDevices.map((item) =>
    planVolume(facts, item, ids.resource('vol'), instanceId),
  );
  const nic = planNic(facts, draw, ids, instanceId);
  const { keyPair, userDataBase64, cpuCredits, autoRecovery, clientToken } = facts;
  const instance: Instance = {
    id: instanceId,
    ownerId: facts.accountId,
    region: facts.region,
    tags: facts.tags.instance,
    createdAt: now,
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
    networkInterfaceId: nic.id,
    ...(keyPair ? { keyName: keyPair.name, publicKey: keyPair.publicKey } : {}),
    architecture: image.architecture,
    virtualizationType: image.virtualizationType,
    rootDeviceType: image.rootDeviceType,
    rootDeviceName: image.rootDeviceName,
    bootMode: image.bootMode === 'uefi' ? 'uefi' : 'legacy-bios',
    enaSupport: image.enaSupport,
    ...(image.sriovNetSupport ? { sriovNetSupport: image.sriovNetSupport } : {}),
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
    ...(cpuCredits ? { cpuCredits } : {}),
    ...(autoRecovery ? { autoRecovery } : {}),
    ...(clientToken ? { clientToken } : {}),
    generation: 1,
  };
  return { instance, nic, volumes };
}
