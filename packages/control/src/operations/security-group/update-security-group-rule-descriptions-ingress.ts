import type { Operation } from '../../operation.ts';
import { updateDescriptions } from './update-descriptions.ts';

type Served = Operation<'UpdateSecurityGroupRuleDescriptionsIngress'>;

export const updateSecurityGroupRuleDescriptionsIngress: Served = (context, request) =>
  updateDescriptions(context, request, 'ingress');
