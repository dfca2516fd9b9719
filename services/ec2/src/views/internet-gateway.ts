import type * as Ec2 from '@bakehouse/aws-model';
import type { InternetGateway } from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';

export type InternetGatewayView = NonNullable<
  Ec2.Ec2Output<'DescribeInternetGateways'>['InternetGateways']
>[number];

/** The official shape of an internet gateway. */
export function internetGatewayView(gateway: InternetGateway): InternetGatewayView {
  const { id, ownerId, vpcId, tags } = gateway;
  return {
    OwnerId: ownerId,
    Tags: tagsView(tags),
    // EC2 returns `available` for an attached gateway, which the model's enumeration lacks.
    Attachments: vpcId ? [{ State: 'available' as string as 'attached', VpcId: vpcId }] : [],
    InternetGatewayId: id,
  };
}
