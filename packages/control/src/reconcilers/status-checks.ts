import { isDeepStrictEqual } from 'node:util';
import { minuteMs } from '@bakehouse/base';
import type { Instance, InstanceStatus } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { changeInstance } from '../workflows/instance-record.ts';

type Machines = ReadonlyMap<string, 'running' | 'paused' | 'unresponsive'>;

/** A guest that has not answered by then has failed to come up. */
const bootLimitMs = 5 * minuteMs;

/** A guest that has not come up yet is initializing, not impaired, for a while. */
function unreachable({ status, launchedAt }: Instance, now: number): InstanceStatus['instance'] {
  const booting = status === undefined || status.instance === 'initializing';
  const bootingSince = status?.bootingSince ?? launchedAt;
  return booting && now - bootingSince < bootLimitMs ? 'initializing' : 'impaired';
}

async function checkInstance(
  context: WorkflowContext,
  instance: Instance,
  machines: Machines,
): Promise<InstanceStatus> {
  const now = context.clock.now();
  const machine = machines.get(instance.id);
  const system = machine === 'running' || machine === 'paused' ? 'ok' : 'impaired';
  const reachable =
    machine === 'running' && (await context.network.isReachable(instance.networkInterfaceId));
  const guest = reachable ? 'ok' : unreachable(instance, now);
  // Only the machine's own events say that its disks fail and that they work again.
  const disks = machine === 'paused' ? instance.status?.disks : undefined;
  const impaired = system === 'impaired' || guest === 'impaired';
  return {
    system,
    instance: guest,
    ...(instance.status?.bootingSince ? { bootingSince: instance.status.bootingSince } : {}),
    ...(disks ? { disks } : {}),
    ...(impaired ? { impairedSince: instance.status?.impairedSince ?? now } : {}),
  };
}

/** Looks at every running instance once; `onlyNew` looks at those whose checks are being made. */
export async function checkStatuses(context: WorkflowContext, onlyNew: boolean): Promise<void> {
  const where = { state: ['running'] };
  const running = await context.metadata.read((tx) => tx.list('instance', { where }));
  const isNew = ({ status }: Instance) => !status || status.instance === 'initializing';
  const due = onlyNew ? running.filter(isNew) : running;
  if (due.length === 0) return;
  const machines = new Map((await context.compute.list()).map((m) => [m.instanceId, m.state]));
  for (const instance of due) {
    const status = await checkInstance(context, instance, machines);
    if (isDeepStrictEqual(instance.status, status)) continue;
    await changeInstance(context, instance.id, (current) =>
      // What an event has said meanwhile is newer.
      current.state === 'running' && isDeepStrictEqual(current.status, instance.status)
        ? { ...current, status }
        : current,
    );
  }
}
