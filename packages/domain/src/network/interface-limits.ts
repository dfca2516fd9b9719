import { apiError } from '../errors/api-error.ts';
import type { InstanceType } from '../instance-types/instance-type.ts';

/** The most private addresses that an interface of any instance type has. */
const addressesMax = 50;

type Named = Pick<InstanceType, 'name' | 'network'>;

/** Refuses more network interfaces than the type has. Types whose figure is not public have no limit of their own. */
export function checkInterfaceCount({ name, network }: Named, count: number): void {
  const max = network?.interfaces ?? Number.POSITIVE_INFINITY;
  if (count <= max) return;
  throw apiError('AttachmentLimitExceeded', {
    message: `Interface count ${count} exceeds the limit for ${name}`,
  });
}

/** Refuses more private addresses than an interface of the type has; of no type, than one of any type. */
export function checkAddressCount(type: Named | undefined, count: number): void {
  const max = type?.network?.addressesPerInterface ?? addressesMax;
  if (count <= max) return;
  throw apiError('PrivateIpAddressLimitExceeded', {});
}
