import type * as Ec2 from '@bakehouse/aws-model';
import type { DhcpOptions } from '@bakehouse/domain';
import { tagsView } from '../request/tags.ts';

export type DhcpOptionsView = NonNullable<
  Ec2.Ec2Output<'DescribeDhcpOptions'>['DhcpOptions']
>[number];

/** The official shape of a set of DHCP options. */
export function dhcpOptionsView({ id, ownerId, tags, options }: DhcpOptions): DhcpOptionsView {
  return {
    OwnerId: ownerId,
    Tags: tagsView(tags),
    DhcpOptionsId: id,
    DhcpConfigurations: options.map(({ key, values }) => ({
      Key: key,
      Values: values.map((value) => ({ Value: value })),
    })),
  };
}
