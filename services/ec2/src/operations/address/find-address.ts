import { isIPv4 } from 'node:net';
import {
  apiError,
  type ElasticAddress,
  type MetadataReader,
  refuseElsewhere,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { ownedById } from '../../lookup/lookups.ts';
import { refuseManagedInterface } from '../../network/managed-interface.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** Refuses text that is no IPv4 address. */
export function checkPublicIp(address: string): void {
  if (isIPv4(address)) return;
  throw apiError('InvalidParameterValue', {
    parameter: 'publicIp',
    value: address,
    hint: 'Invalid IPv4 address.',
  });
}

/** The caller's address of that name; one of another account is refused in EC2's words. */
export async function addressByPublicIp(
  reader: MetadataReader,
  { accountId, region }: Scope,
  publicIp: string,
): Promise<ElasticAddress> {
  checkPublicIp(publicIp);
  const [found] = await reader.list('elasticAddress', { where: { publicIp: [publicIp] } });
  if (!found || found.region !== region) {
    throw apiError('InvalidAddress.NotFound', { address: publicIp });
  }
  if (found.ownerId === accountId) return found;
  throw apiError('AuthFailure', { message: `The address '${publicIp}' does not belong to you.` });
}

interface NamedAddress {
  readonly AllocationId?: string | undefined;
  readonly PublicIp?: string | undefined;
}

/** The address that a request names by its allocation or by itself. */
export async function namedAddress(
  reader: MetadataReader,
  scope: Scope,
  { AllocationId: id, PublicIp: publicIp }: NamedAddress,
): Promise<ElasticAddress> {
  if (id && publicIp) {
    throw apiError('InvalidParameterCombination', {
      message: 'You may specify public IP or allocation id, but not both in the same call',
    });
  }
  if (id) return await ownedById(reader, scope, 'elasticAddress', id);
  if (publicIp) return await addressByPublicIp(reader, scope, publicIp);
  throw apiError('MissingParameter', {
    message: 'Either public IP or allocation id must be specified',
  });
}

/** Refuses to take an address from an interface that a service manages, or that is on another host. */
export async function refuseFixed(
  reader: MetadataReader,
  { settings }: Pick<OperationContext, 'settings'>,
  { association }: ElasticAddress,
): Promise<void> {
  const nic = association && (await reader.get('networkInterface', association.nicId));
  if (!nic) return;
  refuseManagedInterface(nic);
  refuseElsewhere(nic, settings.hostId);
}
