import { join } from 'node:path';
import type { NetworkInterfaceId } from '@bakehouse/domain';
import { NetworkInputError } from './network-errors.ts';

/** The namespace's end of the link to the host. */
export const uplinkName = 'uplink';
export const metadataAddress = '169.254.169.254';
export const resolverAddress = '169.254.169.253';

/** Every name and path that one platform's network uses, so all of them can be found and removed. */
export interface NetworkNames {
  readonly namespace: string;
  readonly namespaceFile: string;
  readonly table: string;
  /** The host's end of the link. */
  readonly hostLink: string;
  readonly nicDirectory: string;
  readonly policyFile: string;
  /** The host's settings as they were before they were changed. */
  readonly hostSettingsFile: string;
  /**
   * What dnsmasq reads and writes: outside of the data folder, which dnsmasq's own user cannot enter. It holds only
   * addresses and host names, and like the namespace it does not outlive the host's boot.
   */
  readonly runtimeDirectory: string;
}

export function networkNames(name: string, directory: string): NetworkNames {
  if (!/^[a-z][a-z0-9-]{0,11}$/.test(name)) {
    throw new NetworkInputError(
      `the network name '${name}' is not valid: use 1 to 12 of a-z, 0-9 and '-', beginning with a letter`,
    );
  }
  return {
    namespace: name,
    namespaceFile: namespaceFileOf(name),
    table: name,
    hostLink: `${name}-up`,
    nicDirectory: join(directory, 'nics'),
    policyFile: join(directory, 'policy.json'),
    hostSettingsFile: join(directory, 'host-settings.json'),
    runtimeDirectory: `/run/bakehouse-${name}`,
  };
}

/** Where `ip netns` keeps a namespace. */
export function namespaceFileOf(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/** An interface's name has at most 15 characters; 48 random bits of the id do not collide. */
export function tapName(nicId: NetworkInterfaceId): string {
  return `tap${nicId.slice(-12).replace('-', '')}`;
}
