import { createHash } from 'node:crypto';
import type { InstanceId } from '@bakehouse/domain';

/**
 * The machine's UUID. It begins with `ec2`, by which guests recognize EC2 ("Identify EC2 Linux instances", Amazon
 * EC2 User Guide), and is the same at each start of the instance.
 */
export function systemUuid(instanceId: InstanceId): string {
  const hex = createHash('sha256').update(`bakehouse system uuid ${instanceId}`).digest('hex');
  const groups = [
    `ec2${hex.slice(0, 5)}`,
    hex.slice(5, 9),
    `4${hex.slice(9, 12)}`,
    `a${hex.slice(12, 15)}`,
    hex.slice(15, 27),
  ];
  return groups.join('-');
}

/** By this a guest knows that its memory is to be kept: see cloud-boot of the image builder. */
const templateSku = 'bakehouse template';

interface Identity {
  readonly instanceId: InstanceId;
  readonly instanceType: string;
  /** Its memory is to be kept for others. */
  readonly isTemplate: boolean;
}

/** QEMU options that make the firmware tables equal those of EC2's Nitro instances. */
export function smbiosOptions({
  instanceId,
  instanceType,
  isTemplate,
}: Identity): readonly string[] {
  const vendor = 'Amazon EC2';
  const uuid = systemUuid(instanceId);
  const tables: Readonly<Record<string, string>>[] = [
    { type: '0', vendor, version: '1.0' },
    {
      ...{ type: '1', manufacturer: vendor, product: instanceType, uuid, serial: uuid },
      ...(isTemplate ? { sku: templateSku } : {}),
    },
    { type: '2', manufacturer: vendor, asset: instanceId },
    { type: '3', manufacturer: vendor, asset: vendor },
  ];
  return tables.map((table) =>
    Object.entries(table)
      .map(([key, value]) => `${key}=${value.replaceAll(',', ',,')}`)
      .join(','),
  );
}
