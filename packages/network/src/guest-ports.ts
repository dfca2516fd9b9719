import { formatCidr } from '@bakehouse/base';
import type { InstanceId, Nic } from '@bakehouse/domain';
import { vpcOf } from './check-nic.ts';
import { insideLinks, text } from './namespace.ts';
import { type NetworkNames, tapName } from './network-names.ts';
import { type DeviceCommand, plugLines, vpcGoneLines } from './plan-links.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

/** The devices in the namespace, one per NIC. */
export interface GuestPorts {
  /** Repeatable. */
  make(nic: Nic): Promise<void>;
  /** Makes all of these ports and removes all others. */
  makeOnly(nics: Iterable<Nic>): Promise<void>;
  /** Also removes the NIC's VPC when none of the others is in it. */
  remove(nic: Nic, others: Iterable<Nic>): Promise<void>;
}

export interface GuestPortOptions {
  readonly run: RunNetworkCommand;
  readonly device: DeviceCommand;
  readonly userOf?: ((instanceId: InstanceId) => Promise<number>) | undefined;
}

export function guestPorts(
  { namespace }: NetworkNames,
  { run, device, userOf }: GuestPortOptions,
): GuestPorts {
  const inside = async (lines: readonly string[]) => {
    if (lines.length > 0) await run(['ip', '-n', namespace, '-batch', '-'], text(lines));
  };
  const linesOf = async (nic: Nic, links: ReadonlySet<string>) => {
    const name = tapName(nic.nicId);
    if (links.has(name)) return plugLines(nic, undefined);
    const user = nic.instanceId && (await userOf?.(nic.instanceId));
    return plugLines(nic, device(name, nic, user));
  };

  return {
    async make(nic) {
      await inside(await linesOf(nic, await insideLinks(run, namespace)));
    },
    async makeOnly(nics) {
      const links = await insideLinks(run, namespace);
      const wanted = new Map([...nics].map((nic) => [tapName(nic.nicId), nic]));
      const gone = [...links].filter((link) => link.startsWith('tap') && !wanted.has(link));
      const lines = await Promise.all([...wanted.values()].map((nic) => linesOf(nic, links)));
      await inside([...gone.map((link) => `link delete dev ${link}`), ...lines.flat()]);
    },
    async remove(nic, others) {
      const port = tapName(nic.nicId);
      if ((await insideLinks(run, namespace)).has(port)) await inside([`link delete dev ${port}`]);
      const vpc = formatCidr(vpcOf(nic));
      if ([...others].some((other) => formatCidr(vpcOf(other)) === vpc)) return;
      // They are missing when an earlier attempt got this far.
      for (const line of vpcGoneLines(nic)) await inside([line]).catch(() => {});
    },
  };
}
