import type { Operation } from '../../operation.ts';
import { authorize } from './authorize.ts';
import { refuseFlatMembers } from './request-permissions.ts';

export const authorizeSecurityGroupEgress: Operation<'AuthorizeSecurityGroupEgress'> = async (
  context,
  request,
) => {
  refuseFlatMembers(request);
  return await authorize(context, request, 'egress');
};
