import { type Instance, zoneId } from '@bakehouse/domain';
import { stateCodes } from '../views/instance-facts.ts';
import { checkSummaries, reachability } from '../views/instance-status.ts';
import { type FilterTable, nothing } from './filter.ts';

/** No events are scheduled for machines here, and no agent reports on applications. */
const absent = nothing([
  'event.code',
  'event.description',
  'event.instance-event-id',
  'event.not-after',
  'event.not-before',
  'event.not-before-deadline',
  'operator.principal',
  'application-status.status',
]);

/** The filters of DescribeInstanceStatus, by their documented names. */
export const instanceStatusFilters: FilterTable<Instance> = {
  ...absent,
  'availability-zone': (instance) => instance.zone,
  'availability-zone-id': (instance) => zoneId(instance.zone),
  'instance-state-code': (instance) => stateCodes[instance.state],
  'instance-state-name': (instance) => instance.state,
  'instance-status.reachability': (instance) => reachability(checkSummaries(instance).instance),
  'instance-status.status': (instance) => checkSummaries(instance).instance,
  'operator.managed': () => false,
  'system-status.reachability': (instance) => reachability(checkSummaries(instance).system),
  'system-status.status': (instance) => checkSummaries(instance).system,
  'attached-ebs-status.status': (instance) => checkSummaries(instance).attachedEbs,
};
