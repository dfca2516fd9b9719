import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type Vpc } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import { actOnVpc } from '../../network/act-on-vpc.ts';
import type { Operation } from '../../operation.ts';
import { attributeValue, oneAttribute } from '../../request/attributes.ts';

type Request = Ec2Input<'ModifyVpcAttribute'>;

/** What a request makes of a VPC. */
type Change = (vpc: Vpc) => Vpc;

const changes = {
  enableDnsHostnames: ({ EnableDnsHostnames: member }: Request): Change => {
    const dnsHostnames = attributeValue(member);
    return (vpc) => {
      if (!dnsHostnames || vpc.dnsSupport) return { ...vpc, dnsHostnames };
      throw apiError('InvalidParameterCombination', {
        message: `DNS hostnames need DNS support; turn on enableDnsSupport of ${vpc.id} first`,
      });
    };
  },
  enableDnsSupport: ({ EnableDnsSupport: member }: Request): Change => {
    const dnsSupport = attributeValue(member);
    return (vpc) => ({ ...vpc, dnsSupport });
  },
  enableNetworkAddressUsageMetrics: (request: Request): Change => {
    if (!attributeValue(request.EnableNetworkAddressUsageMetrics)) return (vpc) => vpc;
    throw apiError('UnsupportedOperation', {
      message: 'Network address usage metrics need CloudWatch, which this platform does not have',
    });
  },
} as const;

/** Whether the VPC has a resolver, and its instances public names. In force, and readable by its guests, when it returns. */
export const modifyVpcAttribute: Operation<'ModifyVpcAttribute'> = async (context, request) => {
  const name = oneAttribute({
    enableDnsHostnames: request.EnableDnsHostnames,
    enableDnsSupport: request.EnableDnsSupport,
    enableNetworkAddressUsageMetrics: request.EnableNetworkAddressUsageMetrics,
  });
  const change = changes[name](request);
  // Guests read their public names, which the reply waits for; while the server starts, nothing can publish them.
  if (name === 'enableDnsHostnames') await context.untilWorking();
  await actOnVpc(context, async (tx) => {
    const before = await ownedById(tx, context, 'vpc', request.VpcId);
    const vpc = change(before);
    return { vpc, isSeenByGuests: vpc.dnsHostnames !== before.dnsHostnames };
  });
  return {};
};
