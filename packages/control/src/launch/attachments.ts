import { apiError, type BlockDevice, type EphemeralDisk } from '@bakehouse/domain';

/** As Nitro instances of EC2 have: volumes, instance-store disks and the one network interface together. */
const attachmentsMax = 28;
const interfaces = 1;

export interface Attachments {
  readonly volumes: number;
  readonly ephemeralDisks: number;
}

/** What is to be attached by a mapping, on a machine that has these instance-store disks. */
export const mappedAttachments = (
  devices: readonly BlockDevice[],
  ephemeralDisks: readonly EphemeralDisk[] = [],
): Attachments => ({
  volumes: devices.filter(({ ebs }) => ebs).length,
  ephemeralDisks: ephemeralDisks.length,
});

/** Refuses more than a machine has places for. `owner` is who would have them: an instance, a launch, an image. */
export function checkAttachments(owner: string, { volumes, ephemeralDisks }: Attachments): void {
  if (volumes + ephemeralDisks + interfaces <= attachmentsMax) return;
  throw apiError('AttachmentLimitExceeded', {
    message: `${owner} would have ${volumes} volumes, ${ephemeralDisks} instance-store disks and ${interfaces} network interface; together they can be ${attachmentsMax}`,
  });
}
