import type { Operation } from '../../operation.ts';
import { refuseFlatMembers } from './request-permissions.ts';
import { revoke } from './revoke.ts';

export const revokeSecurityGroupEgress: Operation<'RevokeSecurityGroupEgress'> = async (
  context,
  request,
) => {
  refuseFlatMembers(request);
  return await revoke(context, request, 'egress');
};
