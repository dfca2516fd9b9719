import { sign } from 'node:crypto';
import type { InstanceMetadata } from '@bakehouse/domain';
import { ec2Json, wholeSeconds } from './ec2-json.ts';
import { signedData } from './pkcs7.ts';
import type { PlatformKey } from './platform-key.ts';

/** `dynamic/instance-identity/`, in the order of EC2's listing. */
export interface SignedIdentity {
  readonly document: string;
  readonly pkcs7: string;
  readonly rsa2048: string;
  readonly signature: string;
}

/** The instance identity document, with EC2's members in EC2's order. */
export function identityDocument(instance: InstanceMetadata): string {
  return ec2Json({
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
    pendingTime: wholeSeconds(instance.pendingTime),
    privateIp: instance.privateIp,
    ramdiskId: instance.ramdiskId ?? null,
    region: instance.region,
    version: '2017-09-30',
  });
}

const base64Lines = (bytes: Buffer, width: number) =>
  (bytes.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join('\n');

/**
 * Signs once: `signature` is the bare signature; `pkcs7` and `rsa2048` are the same signature with the document, in
 * CMS. On EC2 `pkcs7` is DSA with SHA-1, which nobody should verify any more.
 */
export function signIdentity(document: string, { key, certificate }: PlatformKey): SignedIdentity {
  const content = Buffer.from(document);
  const signature = sign('sha256', content, key);
  const pkcs7 = base64Lines(signedData(content, signature, certificate), 64);
  return { document, pkcs7, rsa2048: pkcs7, signature: base64Lines(signature, 76) };
}
