import type { ElasticAddress, MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { addressFilters } from '../../filters/address-filters.ts';
import { filterItems } from '../../filters/filter.ts';
import { allOwnedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { elasticAddressView, readElasticAddressFacts } from '../../views/elastic-address.ts';
import { addressByPublicIp } from './find-address.ts';

/** Those that are named, by allocation or by themselves, or all of the caller's: there are few. */
async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  { ids, publicIps }: { ids: readonly string[]; publicIps: readonly string[] },
): Promise<readonly ElasticAddress[]> {
  if (ids.length + publicIps.length === 0) {
    const { accountId, region } = context;
    return await reader.list('elasticAddress', { region, where: { owner: [accountId] } });
  }
  const found = new Map<string, ElasticAddress>();
  for (const address of await allOwnedById(reader, context, 'elasticAddress', ids)) {
    found.set(address.id, address);
  }
  for (const publicIp of publicIps) {
    const address = await addressByPublicIp(reader, context, publicIp);
    found.set(address.id, address);
  }
  return [...found.values()];
}

export const describeAddresses: Operation<'DescribeAddresses'> = async (context, request) => {
  const { AllocationIds: ids = [], PublicIps: publicIps = [], Filters: filters } = request;
  const facts = await context.read(async (reader) => {
    const addresses = await candidates(reader, context, { ids, publicIps });
    return await Promise.all(addresses.map((each) => readElasticAddressFacts(reader, each)));
  });
  const found = await filterItems(facts, filters, addressFilters);
  return { Addresses: found.map(elasticAddressView) };
};
