import type { Instance, InstanceStatus } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { changeInstance } from '../workflows/instance-record.ts';

type Machines = ReadonlyMap<string, 'running' | 'paused' | 'unresponsive'>;

async function checkInstance(
  context: WorkflowContext,
  instance: Instance,
  machines: Machines,
): Promise<InstanceStatus> {
  const before = instance.status ?? { system: 'initializing', instance: 'initializing' };
  const machine = machines.get(instance.id);
  const system = machine === 'running' || machine === 'paused' ? 'ok' : 'impaired';
  const reachable =
    machine === 'running' && (await context.network.isReachable(instance.networkInterfaceId));
  // A guest that has not come up yet is initializing, not impaired.
  const unreachable = before.instance === 'initializing' ? 'initializing' : 'impaired';
  const guest = reachable ? 'ok' : unreachable;
  const impaired = system === 'impaired' || guest === 'impaired';
  const impairedSince = before.impairedSince ?? context.clock.now();
  return { system, instance: guest, ...(impaired ? { impairedSince } : {}) };
}

const same = (a: InstanceStatus | undefined, b: InstanceStatus) =>
  a?.system === b.system && a.instance === b.instance && a.impairedSince === b.impairedSince;

/** Looks at every running instance once; `onlyNew` looks at those that have not been seen well yet. */
export async function checkStatuses(context: WorkflowContext, onlyNew: boolean): Promise<void> {
  const where = { state: ['running'] };
  const running = await context.metadata.read((tx) => tx.list('instance', { where }));
  const due = onlyNew ? running.filter((i) => i.status?.instance !== 'ok') : running;
  if (due.length === 0) return;
  const machines = new Map((await context.compute.list()).map((m) => [m.instanceId, m.state]));
  for (const instance of due) {
    const status = await checkInstance(context, instance, machines);
    if (same(instance.status, status)) continue;
    await changeInstance(context, instance.id, (current) =>
      current.state === 'running' ? { ...current, status } : current,
    );
  }
}
