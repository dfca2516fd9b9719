import { isIPv4 } from 'node:net';
import { apiError } from '@bakehouse/domain';
import { addressFilters } from '../../filters/address-filters.ts';
import { filterItems } from '../../filters/filter.ts';
import type { Operation } from '../../operation.ts';

/** Elastic IP addresses: none can be allocated here, so none is found. */
export const describeAddresses: Operation<'DescribeAddresses'> = async (_, request) => {
  const [address] = request.PublicIps ?? [];
  if (address !== undefined && !isIPv4(address)) {
    throw apiError('InvalidParameterValue', {
      parameter: 'publicIp',
      value: address,
      hint: 'Invalid IPv4 address.',
    });
  }
  if (address !== undefined) {
    throw apiError('InvalidAddress.NotFound', { address });
  }
  const [allocation] = request.AllocationIds ?? [];
  if (allocation !== undefined) throw apiError('InvalidAllocationID.NotFound', { id: allocation });
  return { Addresses: [...(await filterItems([], request.Filters, addressFilters))] };
};
