import { apiError, ensureDefaultDhcpOptions, isVpcRange, planVpc, putVpc } from '@bakehouse/domain';
import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import { requestedRange } from '../../network/requested-range.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { vpcView } from '../../views/vpc.ts';
import { refuseOtherTenancy } from './tenancy.ts';

/** IPv6 and address pools, which this platform does not have. */
const unserved = [
  'AmazonProvidedIpv6CidrBlock',
  'Ipv4IpamPoolId',
  'Ipv4NetmaskLength',
  'Ipv6CidrBlock',
  'Ipv6CidrBlockNetworkBorderGroup',
  'Ipv6IpamPoolId',
  'Ipv6NetmaskLength',
  'Ipv6Pool',
  'VpcEncryptionControl',
] as const;

/** A VPC with its main route table, default network ACL and default group. It has no subnet and no gateway. */
export const createVpc: Operation<'CreateVpc'> = async (context, request) => {
  refuseUnserved(request, unserved);
  refuseOtherTenancy(request.InstanceTenancy);
  const cidr = requestedRange('cidrBlock', request.CidrBlock);
  if (!isVpcRange(cidr)) throw apiError('InvalidVpc.Range', { cidr });
  const resource = newResource(context, 'vpc', request.TagSpecifications);
  const { ids } = context;
  return await context.write(async (tx) => {
    await checkQuota(tx, context, 'vpc');
    const { tags: _, ...owner } = resource;
    const dhcpOptionsId = await ensureDefaultDhcpOptions(tx, owner, ids);
    const draft = { ...resource, id: ids.resource('vpc'), cidr, isDefault: false, dhcpOptionsId };
    const records = planVpc(draft, ids);
    await putVpc(tx, records);
    return { Vpc: vpcView(records.vpc) };
  });
};
