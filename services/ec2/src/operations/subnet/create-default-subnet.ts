import {
  apiError,
  freeDefaultSubnetRange,
  type MetadataReader,
  planSubnet,
  type Vpc,
  type ZoneName,
} from '@bakehouse/domain';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { findDefaultVpc } from '../../network/groups.ts';
import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import { requestedZone } from '../../network/requested-zone.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { readSubnetFacts, subnetView } from '../../views/subnet.ts';
import { defaultAclOf } from './default-acl.ts';

/** A free /20 of the default VPC. Throws EC2's error when the zone has its default subnet. */
async function rangeFor(reader: MetadataReader, vpc: Vpc, zone: ZoneName): Promise<string> {
  const subnets = await reader.list('subnet', { where: { vpc: [vpc.id] } });
  const existing = subnets.find((subnet) => subnet.defaultForZone && subnet.zone === zone);
  if (existing) {
    const details = { subnetId: existing.id, zone };
    throw apiError('DefaultSubnetAlreadyExistsInAvailabilityZone', details);
  }
  const cidrs = subnets.map(({ cidr }) => cidr);
  const free = freeDefaultSubnetRange(vpc.cidr, cidrs);
  if (free !== undefined) return free;
  throw apiError('InsufficientCidrBlocks', {
    message: `No /20 of ${vpc.cidr} is free for a default subnet; delete a subnet of ${vpc.id} first`,
  });
}

/** The default subnet of a zone of the default VPC, after it was deleted. */
export const createDefaultSubnet: Operation<'CreateDefaultSubnet'> = async (context, request) => {
  refuseUnserved(request, ['Ipv6Native']);
  const zone = requestedZone(context, request);
  if (zone === undefined) throw apiError('MissingParameter', { parameter: 'availabilityZone' });
  const resource = newResource(context, 'subnet', undefined);
  const { ids } = context;
  const facts = await context.write(async (tx) => {
    const vpc = await findDefaultVpc(tx, context);
    if (!vpc) throw apiError('DefaultVpcDoesNotExist', {});
    await checkQuota(tx, context, 'subnet', vpc.id);
    const cidr = await rangeFor(tx, vpc, zone);
    const acl = await defaultAclOf(tx, vpc.id);
    const place = { id: ids.resource('subnet'), vpcId: vpc.id, zone, cidr, defaultForZone: true };
    const subnet = planSubnet({ ...resource, ...place, acl }, ids);
    await tx.put('subnet', subnet);
    return await readSubnetFacts(tx, subnet);
  });
  await enforcePolicy(context);
  return { Subnet: subnetView(facts) };
};
