import { createSign, type KeyObject } from 'node:crypto';
import type { InstanceMetadata } from '@bakehouse/domain';

/** The instance identity document, in EC2's members and order. */
export function identityDocument(instance: InstanceMetadata): string {
  return JSON.stringify(
    {
      accountId: instance.accountId,
      architecture: instance.architecture,
      availabilityZone: instance.zone,
      billingProducts: null,
      devpayProductCodes: null,
      marketplaceProductCodes: null,
      imageId: instance.imageId,
      instanceId: instance.instanceId,
      instanceType: instance.instanceType,
      kernelId: instance.kernelId ?? null,
      pendingTime: `${instance.pendingTime.slice(0, 19)}Z`,
      privateIp: instance.privateIp,
      ramdiskId: instance.ramdiskId ?? null,
      region: instance.region,
      version: '2017-09-30',
    },
    null,
    2,
  );
}

/** Base64 in lines, as EC2 gives it. */
export function base64Lines(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return lines.join('\n');
}

/** SHA-256 with RSA, in base64. */
export function signDocument(document: string, key: KeyObject): string {
  return base64Lines(createSign('RSA-SHA256').update(document).sign(key));
}
