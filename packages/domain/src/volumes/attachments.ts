import { apiError } from '../errors/api-error.ts';
import type { EphemeralDisk } from '../records/instance.ts';

/** The limit of EC2's Nitro instances: volumes, instance-store disks and network interfaces together. */
const attachmentsMax = 28;

export interface Attachments {
  readonly volumes: number;
  readonly ephemeralDisks: number;
  /** Absent: one. */
  readonly interfaces?: number;
}

/** What a mapping attaches to a machine that has these instance-store disks. */
export const mappedAttachments = (
  devices: readonly { readonly ebs?: unknown }[],
  ephemeralDisks: readonly EphemeralDisk[] = [],
): Attachments => ({
  volumes: devices.filter(({ ebs }) => ebs).length,
  ephemeralDisks: ephemeralDisks.length,
});

/** Refuses more attachments than a machine can have. `owner` names who would have them in the message. */
export function checkAttachments(
  owner: string,
  { volumes, ephemeralDisks, interfaces = 1 }: Attachments,
): void {
  if (volumes + ephemeralDisks + interfaces <= attachmentsMax) return;
  throw apiError('AttachmentLimitExceeded', {
    message: `${owner} would have ${volumes} volumes, ${ephemeralDisks} instance-store disks and ${interfaces} network interface${interfaces === 1 ? '' : 's'}; together they can be ${attachmentsMax}`,
  });
}
