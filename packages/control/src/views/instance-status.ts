import type * as Ec2 from '@bakehouse/aws-model';
import { type Instance, zoneId } from '@bakehouse/domain';
import { stateView } from './instance.ts';

type StatusView = NonNullable<Ec2.Ec2Output<'DescribeInstanceStatus'>['InstanceStatuses']>[number];

/** What EC2 calls a check that is not made: the instance does not run. */
export type CheckStatus = 'ok' | 'impaired' | 'initializing' | 'not-applicable';

export interface CheckSummaries {
  /** The machine is there and answers. */
  readonly system: CheckStatus;
  /** The guest answers on its network. */
  readonly instance: CheckStatus;
  /** The machine's disks can be read and written. */
  readonly attachedEbs: CheckStatus;
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

/** The one detail that checks have; none when there is no check. */
export function reachability(status: CheckStatus) {
  return status === 'not-applicable' ? undefined : reachabilities[status];
}

function summary(status: CheckStatus, impairedSince: number | undefined) {
  const detail = reachability(status);
  if (!detail) return { Status: status };
  const since =
    status === 'impaired' && impairedSince !== undefined
      ? { ImpairedSince: new Date(impairedSince) }
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
    Events: [],
    InstanceId: instance.id,
    InstanceState: stateView(instance.state),
    InstanceStatus: summary(guest, since),
    SystemStatus: summary(system, since),
    AttachedEbsStatus: summary(attachedEbs, since),
  };
}
