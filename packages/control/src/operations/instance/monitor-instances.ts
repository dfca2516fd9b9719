import type { Instance } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { allOwnedById } from '../../lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { enqueuePublish } from '../../workflows/publish-metadata.ts';
import { checkState } from './instance-state-change.ts';

/**
 * Status checks are made each minute either way, and there is no service that metrics would go to: the setting is
 * what clients ask back, and what the guest reads in its metadata (`fws/instance-monitoring`).
 */
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
    for (const each of instances) {
      if (each.monitoring === monitoring) continue;
      await tx.put('instance', { ...each, monitoring });
      if (each.state === 'pending' || each.state === 'running') await enqueuePublish(tx, each);
    }
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
