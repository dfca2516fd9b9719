import { isDeepStrictEqual } from 'node:util';
import { minuteMs } from '@bakehouse/base';
import type { Instance, InstanceStatus, MachineStatus } from '@bakehouse/domain';
import type { ReconcilerContext } from '../context.ts';
import { isHere } from '../settings.ts';
import { changeInstance } from '../workflows/instance-record.ts';

type StatusContext = Pick<
  ReconcilerContext,
  'clock' | 'compute' | 'metadata' | 'network' | 'settings'
>;

interface Machines {
  readonly states: ReadonlyMap<string, MachineStatus['state']>;
  readonly stalled: ReadonlyMap<string, string>;
}

/** A guest that has not responded by then has failed to come up. */
const bootLimitMs = 5 * minuteMs;

/** A guest that has not come up yet is initializing, not impaired, for a while. */
function unreachable({ status, launchedAt }: Instance, now: number): InstanceStatus['instance'] {
  const booting = status === undefined || status.instance === 'initializing';
  const bootingSince = status?.bootingSince ?? launchedAt;
  return booting && now - bootingSince < bootLimitMs ? 'initializing' : 'impaired';
}

async function checkInstance(
  context: StatusContext,
  instance: Instance,
  { states, stalled }: Machines,
): Promise<InstanceStatus> {
  const now = context.clock.now();
  const machine = states.get(instance.id);
  const system = machine === undefined || machine === 'unresponsive' ? 'impaired' : 'ok';
  const reachable =
    machine === 'running' && (await context.network.isReachable(instance.networkInterfaceId));
  const guest = reachable ? 'ok' : unreachable(instance, now);
  const pausedBecause = stalled.get(instance.id);
  const isStalled = pausedBecause !== undefined;
  const impaired = system === 'impaired' || guest === 'impaired' || isStalled;
  return {
    system,
    instance: isStalled ? 'impaired' : guest,
    ...(instance.status?.bootingSince ? { bootingSince: instance.status.bootingSince } : {}),
    ...(isStalled ? { disks: 'impaired', pausedBecause } : {}),
    ...(impaired ? { impairedSince: instance.status?.impairedSince ?? now } : {}),
  };
}

/** Checks every running instance of this host once; with `onlyNew`, those that are still initializing. */
export async function checkStatuses(context: StatusContext, onlyNew: boolean): Promise<void> {
  const where = { state: ['running'] };
  const all = await context.metadata.read((tx) => tx.list('instance', { where }));
  const running = all.filter(isHere(context.settings));
  const isNew = ({ status }: Instance) => !status || status.instance === 'initializing';
  const due = onlyNew ? running.filter(isNew) : running;
  if (due.length === 0) return;
  const states = new Map((await context.compute.list()).map((m) => [m.instanceId, m.state]));
  const machines = { states, stalled: await context.compute.stalled() };
  for (const instance of due) {
    const status = await checkInstance(context, instance, machines);
    if (isDeepStrictEqual(instance.status, status)) continue;
    await context.metadata.write((tx) =>
      changeInstance(tx, instance.id, (current) =>
        // A status that an event has set meanwhile is newer.
        current.state === 'running' && isDeepStrictEqual(current.status, instance.status)
          ? { ...current, status }
          : current,
      ),
    );
  }
}
