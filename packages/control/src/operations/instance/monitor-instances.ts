import type { Instance } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { checkState } from './instance-state-change.ts';

/** Status checks are made at the same pace either way; the setting is what clients ask back. */
async function setMonitoring(
  context: OperationContext,
  instanceIds: readonly string[],
  monitoring: Instance['monitoring'],
) {
  return await context.write(async (tx) => {
    const instances = await allOwnedById(tx, context, 'instance', instanceIds);
    for (const each of instances) {
      checkState(each, ['pending', 'running', 'stopping', 'stopped'], 'monitored');
    }
    for (const each of instances) await tx.put('instance', { ...each, monitoring });
    return instances.map(({ id }) => ({ InstanceId: id, Monitoring: { State: monitoring } }));
  });
}

export const monitorInstances: Operation<'MonitorInstances'> = async (context, request) => {
  refuseUnserved(request, ['MetricCategoryIds']);
  return { InstanceMonitorings: await setMonitoring(context, request.InstanceIds, 'enabled') };
};

export const unmonitorInstances: Operation<'UnmonitorInstances'> = async (context, request) => ({
  InstanceMonitorings: await setMonitoring(context, request.InstanceIds, 'disabled'),
});
