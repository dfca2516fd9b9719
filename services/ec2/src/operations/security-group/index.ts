import type { OperationTable } from '../../operation.ts';
import {
  authorizeSecurityGroupEgress,
  authorizeSecurityGroupIngress,
} from './authorize-security-group.ts';
import { createSecurityGroup } from './create-security-group.ts';
import { deleteSecurityGroup } from './delete-security-group.ts';
import { describeSecurityGroupRules } from './describe-security-group-rules.ts';
import { describeSecurityGroups } from './describe-security-groups.ts';
import { modifySecurityGroupRules } from './modify-security-group-rules.ts';
import { revokeSecurityGroupEgress, revokeSecurityGroupIngress } from './revoke-security-group.ts';
import {
  updateSecurityGroupRuleDescriptionsEgress,
  updateSecurityGroupRuleDescriptionsIngress,
} from './update-rule-descriptions.ts';

export const securityGroupOperations = {
  AuthorizeSecurityGroupEgress: authorizeSecurityGroupEgress,
  AuthorizeSecurityGroupIngress: authorizeSecurityGroupIngress,
  CreateSecurityGroup: createSecurityGroup,
  DeleteSecurityGroup: deleteSecurityGroup,
  DescribeSecurityGroupRules: describeSecurityGroupRules,
  DescribeSecurityGroups: describeSecurityGroups,
  ModifySecurityGroupRules: modifySecurityGroupRules,
  RevokeSecurityGroupEgress: revokeSecurityGroupEgress,
  RevokeSecurityGroupIngress: revokeSecurityGroupIngress,
  UpdateSecurityGroupRuleDescriptionsEgress: updateSecurityGroupRuleDescriptionsEgress,
  UpdateSecurityGroupRuleDescriptionsIngress: updateSecurityGroupRuleDescriptionsIngress,
} satisfies OperationTable;
