import type { Operation } from '../../operation.ts';
import { authorize } from './authorize.ts';

export const authorizeSecurityGroupIngress: Operation<'AuthorizeSecurityGroupIngress'> = (
  context,
  request,
) => authorize(context, request, 'ingress');
