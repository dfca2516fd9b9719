import { checkState, type Instance, settledMonitoring } from '@bakehouse/domain';
import { type OperationContext, publishMetadataWorkflow } from '@bakehouse/orchestration';
import { allOwnedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { shownMonitoring } from '../../views/instance-facts.ts';

const underWay = { enabled: 'pending', disabled: 'disabling' } as const;

/** A guest runs, or is about to. */
const hasGuest = ({ state }: Instance) => state === 'pending' || state === 'running';

function nextMonitoring(instance: Instance, wanted: keyof typeof underWay): Instance['monitoring'] {
  if (settledMonitoring(instance) === wanted) return instance.monitoring;
  return hasGuest(instance) ? underWay[wanted] : wanted;
}

/**
 * Status checks are made each minute either way, and there is no service that metrics would go to: the setting is
 * what clients ask back, and what the guest reads in its metadata (`fws/instance-monitoring`). The change is under
 * way until the guest can read it; without a guest it is made at once.
 */
async function setMonitoring(
  context: OperationContext,
  instanceIds: readonly string[],
  wanted: keyof typeof underWay,
) {
  return await context.write(async (tx) => {
    const instances = await allOwnedById(tx, context, 'instance', instanceIds);
    for (const each of instances) {
      checkState('instance', each, 'MonitorInstances');
    }
    const replies = [];
    for (const each of instances) {
      const after = { ...each, monitoring: nextMonitoring(each, wanted) };
      replies.push({ InstanceId: each.id, Monitoring: { State: shownMonitoring(after) } });
      if (after.monitoring === each.monitoring) continue;
      await tx.put('instance', after);
      if (hasGuest(each)) await publishMetadataWorkflow.enqueue(tx, { instanceId: each.id });
    }
    return replies;
  });
}

export const monitorInstances: Operation<'MonitorInstances'> = async (context, request) => {
  refuseUnserved(request, ['MetricCategoryIds']);
  return { InstanceMonitorings: await setMonitoring(context, request.InstanceIds, 'enabled') };
};

export const unmonitorInstances: Operation<'UnmonitorInstances'> = async (context, request) => ({
  InstanceMonitorings: await setMonitoring(context, request.InstanceIds, 'disabled'),
});
