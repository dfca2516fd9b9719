import type { MetadataReader, MetadataTransaction } from '../ports/metadata-store.ts';
import type { ElasticAddress } from '../records/elastic-address.ts';
import type { NetworkInterface } from '../records/network.ts';

/** A private address of an interface, with its public one. */
export interface InterfaceAddress {
  readonly privateIp: string;
  readonly publicIp?: string;
  /** Whose address the public one is; absent when it is automatic. */
  readonly elastic?: ElasticAddress;
}

/** All private addresses of an interface, the primary one first. */
export const privateIpsOf = ({
  privateIp,
  secondaryIps = [],
}: Pick<NetworkInterface, 'privateIp' | 'secondaryIps'>): readonly string[] => [
  privateIp,
  ...secondaryIps,
];

/** The addresses of an interface, given the Elastic IP addresses that are associated with it. */
export function interfaceAddresses(
  nic: Pick<NetworkInterface, 'privateIp' | 'secondaryIps' | 'publicIp'>,
  elastics: readonly ElasticAddress[],
): readonly InterfaceAddress[] {
  return privateIpsOf(nic).map((privateIp) => {
    const elastic = elastics.find(({ association }) => association?.privateIp === privateIp);
    if (elastic) return { privateIp, publicIp: elastic.publicIp, elastic };
    const automatic = privateIp === nic.privateIp ? nic.publicIp : undefined;
    return automatic === undefined ? { privateIp } : { privateIp, publicIp: automatic };
  });
}

export const elasticAddressesOf = (
  reader: MetadataReader,
  nicId: string,
): Promise<readonly ElasticAddress[]> => reader.list('elasticAddress', { where: { nic: [nicId] } });

/**
 * The addresses of an interface, the primary one first. An automatic address was given back when an Elastic IP address
 * took its place, so an interface that has one, and no secondary addresses, needs no look-up.
 */
export async function readInterfaceAddresses(
  reader: MetadataReader,
  nic: NetworkInterface,
): Promise<readonly InterfaceAddress[]> {
  if (hasOnlyAutomaticIp(nic)) return interfaceAddresses(nic, []);
  return interfaceAddresses(nic, await elasticAddressesOf(reader, nic.id));
}

const hasOnlyAutomaticIp = ({ publicIp, secondaryIps }: NetworkInterface) =>
  publicIp !== undefined && !secondaryIps?.length;

/** As `readInterfaceAddresses`, for many interfaces with one look-up: by the interface's id. */
export async function readAddressesOfMany(
  reader: MetadataReader,
  nics: readonly NetworkInterface[],
): Promise<ReadonlyMap<string, readonly InterfaceAddress[]>> {
  const ids = nics.filter((nic) => !hasOnlyAutomaticIp(nic)).map(({ id }) => id);
  const found =
    ids.length === 0 ? [] : await reader.list('elasticAddress', { where: { nic: ids } });
  const elastics = Map.groupBy(found, ({ association }) => association?.nicId);
  return new Map(nics.map((nic) => [nic.id, interfaceAddresses(nic, elastics.get(nic.id) ?? [])]));
}

/** The address without its association. */
export function withoutAssociation(address: ElasticAddress): ElasticAddress {
  const { association: _, ...rest } = address;
  return rest;
}

/** The interface without its automatic public address, which goes back to the pool. */
export function withoutPublicIp(nic: NetworkInterface): NetworkInterface {
  const { publicIp: _, ...rest } = nic;
  return rest;
}

/** Deletes an interface. Elastic IP addresses that it had stay their account's. */
export async function deleteInterface(tx: MetadataTransaction, nicId: string): Promise<void> {
  for (const address of await elasticAddressesOf(tx, nicId)) {
    await tx.put('elasticAddress', withoutAssociation(address));
  }
  await tx.delete('networkInterface', nicId);
}

/** Ends an interface's attachment: it is free again, and its automatic public address goes back to the pool. */
export function detached(nic: NetworkInterface): NetworkInterface {
  const { attachment: _, ...rest } = withoutPublicIp(nic);
  return { ...rest, status: 'available' };
}

const indexOf = ({ attachment }: NetworkInterface) => attachment?.deviceIndex ?? 0;

/** The interfaces that instances have, by device index. */
export async function interfacesOfMany(
  reader: MetadataReader,
  instanceIds: readonly string[],
): Promise<readonly NetworkInterface[]> {
  const found = await reader.list('networkInterface', { where: { instance: instanceIds } });
  return found.toSorted((a, b) => indexOf(a) - indexOf(b));
}

/** The interfaces that an instance has, by device index. */
export const interfacesOf = (
  reader: MetadataReader,
  instanceId: string,
): Promise<readonly NetworkInterface[]> => interfacesOfMany(reader, [instanceId]);
