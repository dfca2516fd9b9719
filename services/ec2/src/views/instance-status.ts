import type * as Ec2 from '@bakehouse/aws-model';
import { type Instance, zoneId } from '@bakehouse/domain';
import { stateView } from './instance.ts';
import { wholeSecond } from './time.ts';

type StatusView = NonNullable<Ec2.Ec2Output<'DescribeInstanceStatus'>['InstanceStatuses']>[number];

/** `not-applicable`: the instance does not run, so nothing is checked. */
export type StatusCheckResult = 'ok' | 'impaired' | 'initializing' | 'not-applicable';

export interface CheckSummaries {
  /** The machine runs and responds. */
  readonly system: StatusCheckResult;
  /** The guest responds on its network. */
  readonly instance: StatusCheckResult;
  /** The machine's disks can be read and written. */
  readonly attachedEbs: StatusCheckResult;
}

export function checkSummaries({ state, status }: Instance): CheckSummaries {
  if (state !== 'running') {
    return { system: 'not-applicable', instance: 'not-applicable', attachedEbs: 'not-applicable' };
  }
  const system = status?.system ?? 'initializing';
  const attachedEbs = status?.disks ?? (system === 'initializing' ? system : 'ok');
  return { system, instance: status?.instance ?? 'initializing', attachedEbs };
}

const reachabilities = { ok: 'passed', impaired: 'failed', initializing: 'initializing' } as const;

/** The only detail of a check; undefined when nothing is checked. */
export function reachability(status: StatusCheckResult) {
  return status === 'not-applicable' ? undefined : reachabilities[status];
}

function summary(status: StatusCheckResult, impairedSince: number | undefined) {
  const detail = reachability(status);
  if (!detail) return { Status: status };
  const since =
    status === 'impaired' && impairedSince !== undefined
      ? { ImpairedSince: wholeSecond(impairedSince) }
      : {};
  return { Status: status, Details: [{ Name: 'reachability' as const, Status: detail, ...since }] };
}

/** The official shape of an instance's status. */
export function instanceStatusView(instance: Instance): StatusView {
  const { system, instance: guest, attachedEbs } = checkSummaries(instance);
  const since = instance.status?.impairedSince;
  const id = zoneId(instance.zone);
  return {
    AvailabilityZone: instance.zone,
    ...(id === undefined ? {} : { AvailabilityZoneId: id }),
    InstanceId: instance.id,
    InstanceState: stateView(instance.state),
    InstanceStatus: summary(guest, since),
    SystemStatus: summary(system, since),
    AttachedEbsStatus: summary(attachedEbs, since),
  };
}
