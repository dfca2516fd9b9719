import type { Operation } from '../../operation.ts';
import { updateDescriptions } from './update-descriptions.ts';

type Served = Operation<'UpdateSecurityGroupRuleDescriptionsEgress'>;

export const updateSecurityGroupRuleDescriptionsEgress: Served = (context, request) =>
  updateDescriptions(context, request, 'egress');
