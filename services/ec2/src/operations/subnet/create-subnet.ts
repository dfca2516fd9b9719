import {
  apiError,
  findRegion,
  isSubnetRange,
  planSubnet,
  rangesOverlap,
  type Subnet,
  type Vpc,
  vpcCidrs,
} from '@bakehouse/domain';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import { requestedRange } from '../../network/requested-range.ts';
import { requestedZone } from '../../network/requested-zone.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { readSubnetFacts, subnetView } from '../../views/subnet.ts';
import { defaultAclOf } from './default-acl.ts';

/** IPv6, address pools and Outposts, which this platform does not have. */
const unserved = [
  'Ipv4IpamPoolId',
  'Ipv4NetmaskLength',
  'Ipv6CidrBlock',
  'Ipv6IpamPoolId',
  'Ipv6Native',
  'Ipv6NetmaskLength',
  'OutpostArn',
] as const;

async function checkRange(tx: ControlTransaction, vpc: Vpc, cidr: string): Promise<void> {
  if (!isSubnetRange(cidr, vpcCidrs(vpc))) throw apiError('InvalidSubnet.Range', { cidr });
  const others = await tx.list('subnet', { where: { vpc: [vpc.id] } });
  if (!others.some((other) => rangesOverlap(other.cidr, cidr))) return;
  throw apiError('InvalidSubnet.Conflict', { cidr });
}

/** A subnet of a VPC, with the VPC's main route table and default network ACL. */
export const createSubnet: Operation<'CreateSubnet'> = async (context, request) => {
  refuseUnserved(request, unserved);
  const cidr = requestedRange('cidrBlock', request.CidrBlock);
  const wanted = requestedZone(context, request);
  const zone = wanted ?? findRegion(context.region)?.zones[0]?.name ?? '';
  const resource = newResource(context, 'subnet', request.TagSpecifications);
  const { ids } = context;
  const facts = await context.write(async (tx) => {
    const vpc = await ownedById(tx, context, 'vpc', request.VpcId);
    await checkQuota(tx, context, 'subnet', vpc.id);
    await checkRange(tx, vpc, cidr);
    const acl = await defaultAclOf(tx, vpc.id);
    const place = { id: ids.resource('subnet'), vpcId: vpc.id, zone, cidr, defaultForZone: false };
    const subnet: Subnet = planSubnet({ ...resource, ...place, acl }, ids);
    await tx.put('subnet', subnet);
    return await readSubnetFacts(tx, subnet);
  });
  await enforcePolicy(context);
  return { Subnet: subnetView(facts) };
};
