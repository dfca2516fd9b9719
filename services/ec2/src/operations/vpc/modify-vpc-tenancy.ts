import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { refuseOtherTenancy } from './tenancy.ts';

/** The only tenancy that can be asked for is the one that every VPC has. */
export const modifyVpcTenancy: Operation<'ModifyVpcTenancy'> = async (context, request) => {
  refuseOtherTenancy(request.InstanceTenancy);
  await context.read((reader) => ownedById(reader, context, 'vpc', request.VpcId));
  return { ReturnValue: true };
};
