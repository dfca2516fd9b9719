import type * as Ec2 from '@bakehouse/aws-model';
import { type InstanceId, type Volume, zoneId } from '@bakehouse/domain';

type View = NonNullable<Ec2.Ec2Output<'DescribeVolumeStatus'>['VolumeStatuses']>[number];

/** A volume with what is known of the machine that uses it. */
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

/** How the volume is: a volume that is not made yet says nothing; one that could not be made has no I/O. */
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

/** Whether all blocks of a volume of a snapshot are on it; a volume that began empty has no such check. */
export function initializationState({
  snapshotId,
  originMapId,
}: Volume): 'initializing' | 'completed' | undefined {
  if (snapshotId === undefined) return undefined;
  return originMapId === undefined ? 'completed' : 'initializing';
}

/** Seconds, by the rate that was asked for, which is kept when nothing else holds it up. */
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
