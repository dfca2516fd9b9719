import type { OperationTable } from '../../operation.ts';
import { authorizeSecurityGroupEgress } from './authorize-security-group-egress.ts';
import { authorizeSecurityGroupIngress } from './authorize-security-group-ingress.ts';
import { createSecurityGroup } from './create-security-group.ts';
import { describeSecurityGroups } from './describe-security-groups.ts';

export const securityGroupOperations = {
  AuthorizeSecurityGroupEgress: authorizeSecurityGroupEgress,
  AuthorizeSecurityGroupIngress: authorizeSecurityGroupIngress,
  CreateSecurityGroup: createSecurityGroup,
  DescribeSecurityGroups: describeSecurityGroups,
} satisfies OperationTable;
