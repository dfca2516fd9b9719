import { isDeepStrictEqual } from 'node:util';
import { minuteMs } from '@bakehouse/base';
import type { Instance, InstanceStatus, MachineStatus } from '@bakehouse/domain';
import type { WorkflowContext } from '../context.ts';
import { changeInstance } from '../workflows/instance-record.ts';

interface Machines {
  readonly states: ReadonlyMap<string, MachineStatus['state']>;
  readonly stalled: ReadonlyMap<string, string>;
}

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
  { states, stalled }: Machines,
): Promise<InstanceStatus> {
  const now = context.clock.now();
  const machine = states.get(instance.id);
  const system = machine === undefined || machine === 'unresponsive' ? 'impaired' : 'ok';
  const reachable =
    machine === 'running' && (await context.network.isReachable(instance.networkInterfaceId));
  const guest = reachable ? 'ok' : unreachable(instance, now);
  const isStalled = stalled.has(instance.id);
  const impaired = system === 'impaired' || guest === 'impaired' || isStalled;
  return {
    system,
    instance: isStalled ? 'impaired' : guest,
    ...(instance.status?.bootingSince ? { bootingSince: instance.status.bootingSince } : {}),
    ...(isStalled ? { disks: 'impaired' } : {}),
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
  const states = new Map((await context.compute.list()).map((m) => [m.instanceId, m.state]));
  const machines = { states, stalled: await context.compute.stalled() };
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
