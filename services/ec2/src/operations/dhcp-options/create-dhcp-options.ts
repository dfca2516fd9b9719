import { newResource } from '../../network/new-resource.ts';
import { checkQuota } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { dhcpOptionsView } from '../../views/dhcp-options.ts';
import { requestedOptions } from './requested-options.ts';

/** A set of DHCP options, for VPCs that are associated with it. */
export const createDhcpOptions: Operation<'CreateDhcpOptions'> = async (context, request) => {
  const options = requestedOptions(request.DhcpConfigurations);
  const resource = newResource(context, 'dhcp-options', request.TagSpecifications);
  const set = { ...resource, id: context.ids.resource('dopt'), options };
  await context.write(async (tx) => {
    await checkQuota(tx, context, 'dhcpOptions');
    await tx.put('dhcpOptions', set);
  });
  return { DhcpOptions: dhcpOptionsView(set) };
};
