import type * as Ec2 from '@bakehouse/aws-model';
import { type InstanceId, type Volume, zoneId } from '@bakehouse/domain';

type View = NonNullable<Ec2.Ec2Output<'DescribeVolumeStatus'>['VolumeStatuses']>[number];

/** A volume, and whether the machine that uses it is stalled. */
export interface VolumeStatusFacts {
  readonly volume: Volume;
  /** True when QEMU stopped the guest because a disk could not be read or written. */
  readonly stalled: boolean;
}

export interface VolumeHealth {
  readonly status: 'ok' | 'impaired' | 'warning' | 'insufficient-data';
  readonly ioEnabled: 'passed' | 'failed';
  readonly ioPerformance: 'normal' | 'stalled' | 'not-applicable';
}

/** A volume in `creating` has no status yet; one in `error` cannot be read or written. */
export function volumeHealth({ volume, stalled }: VolumeStatusFacts): VolumeHealth {
  if (volume.state === 'error') {
    return { status: 'impaired', ioEnabled: 'failed', ioPerformance: 'not-applicable' };
  }
  if (volume.state === 'creating') {
    return { status: 'insufficient-data', ioEnabled: 'passed', ioPerformance: 'not-applicable' };
  }
  if (stalled) return { status: 'warning', ioEnabled: 'passed', ioPerformance: 'stalled' };
  const ioPerformance = volume.attachment ? 'normal' : 'not-applicable';
  return { status: 'ok', ioEnabled: 'passed', ioPerformance };
}

/** Whether the volume has all blocks of its snapshot at hand; undefined for a volume that was created empty. */
export function initializationState({
  snapshotId,
  originMapId,
  fastRestored,
}: Volume): 'initializing' | 'completed' | undefined {
  if (snapshotId === undefined) return undefined;
  return originMapId === undefined || fastRestored ? 'completed' : 'initializing';
}

/** An estimate in seconds: it assumes that the requested rate is reached all the time. */
function secondsLeft({ sizeGiB }: Volume, rateMiBps: number, progressPercent: number): number {
  return Math.ceil((sizeGiB * 1024 * (100 - progressPercent)) / 100 / rateMiBps);
}

function initializationDetails(volume: Volume): View['InitializationStatusDetails'] {
  const state = initializationState(volume);
  if (state === undefined) return undefined;
  const { rateMiBps: rate, progressPercent = 0 } = volume.initialization ?? {};
  const progress = state === 'completed' ? 100 : progressPercent;
  return {
    InitializationType: rate === undefined ? 'default' : 'provisioned-rate',
    Progress: progress,
    ...(rate === undefined
      ? {}
      : { EstimatedTimeToCompleteInSeconds: secondsLeft(volume, rate, progress) }),
  };
}

function attachmentStatuses(instanceId: InstanceId | undefined, ioPerformance: string) {
  return instanceId ? [{ InstanceId: instanceId, IoPerformance: ioPerformance }] : [];
}

/** The official shape of a volume's status. */
export function volumeStatusView(facts: VolumeStatusFacts): View {
  const { id, zone, attachment } = facts.volume;
  const { status, ioEnabled, ioPerformance } = volumeHealth(facts);
  const initialization = initializationState(facts.volume);
  const details = initializationDetails(facts.volume);
  const zoneOf = zoneId(zone);
  return {
    VolumeId: id,
    AvailabilityZone: zone,
    ...(zoneOf ? { AvailabilityZoneId: zoneOf } : {}),
    VolumeStatus: {
      Status: status,
      Details: [
        { Name: 'io-enabled', Status: ioEnabled },
        { Name: 'io-performance', Status: ioPerformance },
        ...(initialization
          ? [{ Name: 'initialization-state' as const, Status: initialization }]
          : []),
      ],
    },
    ...(details ? { InitializationStatusDetails: details } : {}),
    Actions: [],
    Events: [],
    AttachmentStatuses: attachmentStatuses(attachment?.instanceId, ioPerformance),
  };
}
