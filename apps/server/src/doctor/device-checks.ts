import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { messageOf } from '@bakehouse/base';
import { type Accelerator, probeAccelerator } from '@bakehouse/compute-qemu';
import { exists, readTextIfExists } from '@bakehouse/host';
import { tunCommand } from '../rootless/remedies.ts';
import type { Check } from './check.ts';

const isOpen = (path: string): Promise<boolean> =>
  access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );

export async function tunCheck(): Promise<Check> {
  const named = { area: 'network', name: '/dev/net/tun' } as const;
  if (!(await exists('/dev/net/tun'))) {
    const remedy = 'modprobe tun; in a container: --device /dev/net/tun';
    return { ...named, status: 'fail', detail: 'does not exist', remedy };
  }
  if (await isOpen('/dev/net/tun')) return { ...named, status: 'ok', detail: 'exists' };
  const detail = 'this user cannot open it, which most distributions allow';
  return { ...named, status: 'fail', detail, remedy: tunCommand };
}

/** The name of a user of the host, or the id of one who has none here. */
async function nameOf(userId: number): Promise<string> {
  const lines = ((await readTextIfExists('/etc/passwd')) ?? '').split('\n');
  const line = lines.find((each) => each.split(':')[2] === `${userId}`);
  return line?.split(':')[0] ?? `${userId}`;
}

async function kvmRemedy(userId: number): Promise<string> {
  const isClosed = (await exists('/dev/kvm')) && !(await isOpen('/dev/kvm'));
  if (isClosed)
    return `sudo usermod --append --groups kvm ${await nameOf(userId)}; log in again, and start the server again`;
  return 'switch virtualization on in the firmware, or nested virtualization on for this machine; then: modprobe kvm_intel (or kvm_amd)';
}

/** `userId`: whom the host knows this process as. */
export async function acceleratorCheck(directory: string, userId: number): Promise<Check> {
  const found: Pick<Accelerator, 'reason'> & { readonly accel: string } = await probeAccelerator({
    directory,
    fresh: true,
  }).catch((error: unknown) => ({ accel: 'none', reason: messageOf(error) }));
  const { accel, reason } = found;
  if (accel === 'kvm') {
    return { area: 'machine', name: 'acceleration', status: 'ok', detail: `kvm: ${reason}` };
  }
  return {
    area: 'machine',
    name: 'acceleration',
    status: accel === 'none' ? 'fail' : 'warn',
    detail: accel === 'none' ? reason : `no KVM, so guests are emulated (slower): ${reason}`,
    remedy: await kvmRemedy(userId),
  };
}
