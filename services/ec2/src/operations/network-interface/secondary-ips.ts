import type { NetworkInterface } from '@bakehouse/domain';

/** The interface without these secondary addresses. */
export function withoutSecondaryIps(
  nic: NetworkInterface,
  removed: readonly string[],
): NetworkInterface {
  const { secondaryIps = [], ...rest } = nic;
  const left = secondaryIps.filter((address) => !removed.includes(address));
  return left.length > 0 ? { ...rest, secondaryIps: left } : rest;
}
