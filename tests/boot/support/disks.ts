import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DetachVolumeCommand,
  type EC2Client,
  waitUntilVolumeAvailable,
  waitUntilVolumeInUse,
} from '@aws-sdk/client-ec2';
import { patience } from './cloud.ts';
import { type Guest, sh } from './guest.ts';
import { until } from './wait.ts';

/** A guest knows a volume by its id, which the disk has as its serial number. */
export const diskPath = (volumeId: string) => `/dev/disk/by-id/virtio-${volumeId.replace('-', '')}`;

export async function createVolume(
  ec2: EC2Client,
  request: Omit<CreateVolumeCommandInput, 'AvailabilityZone'> & { AvailabilityZone: string },
): Promise<string> {
  const { VolumeId = '' } = await ec2.send(new CreateVolumeCommand(request));
  await waitUntilVolumeAvailable(patience(ec2), { VolumeIds: [VolumeId] });
  return VolumeId;
}

/** What the guest's links of a device name lead to, `/dev/sdf` and `/dev/xvdf`; empty for none. */
export async function linksOf(guest: Guest, device: string): Promise<readonly string[]> {
  const names = ['sd', 'xvd'].map((prefix) =>
    device.replace(/^\/dev\/(?:sd|xvd)/, `/dev/${prefix}`),
  );
  const found = await sh(guest, `for n in ${names.join(' ')}; do readlink -e $n || true; done`);
  return found.split('\n').filter((line) => line !== '');
}

/** Resolves when the guest has the disk. */
export async function attachVolume(
  ec2: EC2Client,
  machine: Guest & { readonly instanceId: string },
  { volumeId, device }: { volumeId: string; device: string },
): Promise<void> {
  const { instanceId: InstanceId } = machine;
  await ec2.send(new AttachVolumeCommand({ InstanceId, VolumeId: volumeId, Device: device }));
  await waitUntilVolumeInUse(patience(ec2), { VolumeIds: [volumeId] });
  await until(`${diskPath(volumeId)} in the guest`, () =>
    sh(machine, `test -b ${diskPath(volumeId)}; echo there`),
  );
}

export async function detachVolume(ec2: EC2Client, volumeId: string): Promise<void> {
  await ec2.send(new DetachVolumeCommand({ VolumeId: volumeId }));
  await waitUntilVolumeAvailable(patience(ec2), { VolumeIds: [volumeId] });
}
