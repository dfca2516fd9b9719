import type { Operation } from '../../operation.ts';
import { revoke } from './revoke.ts';

export const revokeSecurityGroupIngress: Operation<'RevokeSecurityGroupIngress'> = (
  context,
  request,
) => revoke(context, request, 'ingress');
