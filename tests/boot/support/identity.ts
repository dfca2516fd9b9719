import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2';
import type { Cloud, Machine } from './cloud.ts';
import { factsOf } from './facts.ts';
import { sh } from './guest.ts';

export interface Own {
  readonly hostKeys: string;
  readonly machineId: string;
  readonly bootId: string;
  readonly tcp: readonly number[];
  readonly dhcpClientId: string;
}

/** What no two instances may share. */
export async function ownOf(guest: Machine): Promise<Own> {
  const program = await readFile(join(import.meta.dirname, '../guest/tcp-secrets.py'), 'utf8');
  const { bootId, machineId } = await factsOf(guest);
  const secrets = await sh(guest, `sudo python3 - <<'END'\n${program}\nEND`);
  return {
    bootId,
    machineId,
    hostKeys: await sh(guest, 'cut -d" " -f2 /etc/ssh/ssh_host_*_key.pub'),
    tcp: secrets.split(' ').map(Number),
    dhcpClientId: await sh(guest, 'sudo grep -h ^CLIENTID= /run/systemd/netif/leases/*'),
  };
}

export function firmwareTables(guest: Machine): Promise<string> {
  const files = ['product_uuid', 'product_serial', 'board_asset_tag'];
  return sh(guest, `sudo cat ${files.map((name) => `/sys/class/dmi/id/${name}`).join(' ')}`);
}

/** The distance of two numbers of 32 bits, which wrap. */
export function distance(one = 0, other = 0): number {
  const apart = Math.abs(one - other);
  return Math.min(apart, 2 ** 32 - apart);
}

/** What the guest has written to its serial port. */
export async function consoleOf(
  { ec2 }: Pick<Cloud, 'ec2'>,
  { instanceId }: Pick<Machine, 'instanceId'>,
): Promise<string> {
  const request = new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: true });
  const { Output = '' } = await ec2.send(request);
  return Buffer.from(Output, 'base64').toString('latin1');
}

/** What a copy's random numbers were right after they were renewed: later ones differ in any case. */
export async function nextRandom(cloud: Pick<Cloud, 'ec2'>, machine: Machine): Promise<string> {
  const text = await consoleOf(cloud, machine);
  return /random numbers renewed, the next are ([0-9a-f]{16})/.exec(text)?.[1] ?? '';
}
