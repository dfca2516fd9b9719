import type * as Ec2 from '@bakehouse/aws-model';
import type { FastLaunch } from '@bakehouse/domain';
import { withMilliseconds } from './time.ts';

type Described = Ec2.Ec2Output<'DescribeFastLaunchImages'>['FastLaunchImages'];

/** The official shape of an image's fast launch. */
export function fastLaunchView(record: FastLaunch): NonNullable<Described>[number] {
  const { launchTemplate: named } = record;
  return {
    ImageId: record.id,
    ResourceType: 'snapshot',
    SnapshotConfiguration: { TargetResourceCount: record.targetResourceCount },
    ...(named
      ? {
          LaunchTemplate: {
            LaunchTemplateId: named.id,
            LaunchTemplateName: named.name,
            Version: named.version,
          },
        }
      : {}),
    MaxParallelLaunches: record.maxParallelLaunches,
    OwnerId: record.ownerId,
    State: record.state,
    StateTransitionReason: record.stateReason,
    StateTransitionTime: withMilliseconds(record.stateSince),
  };
}
