import type { Ec2Output } from '@bakehouse/aws-model';
import { apiError, associatesPublicIp, type MetadataReader } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import {
  type NetworkInterfaceFacts,
  networkInterfaceView,
  readNetworkInterfaceFacts,
} from '../../views/network-interface.ts';

type Answer = Ec2Output<'DescribeNetworkInterfaceAttribute'>;

type View = (facts: NetworkInterfaceFacts, reader: MetadataReader) => Answer | Promise<Answer>;

const attributes: Readonly<Record<string, View>> = {
  associatePublicIpAddress: async ({ nic }, reader) => ({
    AssociatePublicIpAddress: await associatesPublicIp(reader, nic),
  }),
  attachment: (facts) => {
    const { Attachment } = networkInterfaceView(facts);
    return Attachment ? { Attachment } : {};
  },
  description: ({ nic }) => ({ Description: { Value: nic.description } }),
  groupSet: ({ groups }) => ({
    Groups: groups.map(({ id, name }) => ({ GroupId: id, GroupName: name })),
  }),
  sourceDestCheck: ({ nic }) => ({ SourceDestCheck: { Value: nic.sourceDestCheck } }),
};

/** One attribute of a network interface. */
export const describeNetworkInterfaceAttribute: Operation<
  'DescribeNetworkInterfaceAttribute'
> = async (context, request) => {
  const { Attribute: name } = request;
  if (!name) throw apiError('MissingParameter', { parameter: 'attribute' });
  const view = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  if (!view) throw unknownAttribute(name, Object.keys(attributes));
  return await context.read(async (reader) => {
    const id = request.NetworkInterfaceId;
    const nic = await ownedById(reader, context, 'networkInterface', id);
    const facts = await readNetworkInterfaceFacts(reader, nic);
    return { NetworkInterfaceId: nic.id, ...(await view(facts, reader)) };
  });
};
