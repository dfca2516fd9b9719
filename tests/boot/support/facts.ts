import { type Guest, sh } from './guest.ts';

/** Distinguishes one guest, and one boot of it, from another. */
export interface GuestFacts {
  readonly bootId: string;
  readonly uptimeSeconds: number;
  readonly hostKey: string;
  readonly machineId: string;
  readonly hostName: string;
  /** As cloud-init has it. */
  readonly instanceId: string;
}

const script = `
cat /proc/sys/kernel/random/boot_id
cut -d' ' -f1 /proc/uptime
cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub
cat /etc/machine-id
hostname
cat /var/lib/cloud/data/instance-id
`;

export async function factsOf(guest: Guest): Promise<GuestFacts> {
  const [bootId = '', uptime, hostKey = '', machineId = '', hostName = '', instanceId = ''] = (
    await sh(guest, script)
  ).split('\n');
  return { bootId, uptimeSeconds: Number(uptime), hostKey, machineId, hostName, instanceId };
}
