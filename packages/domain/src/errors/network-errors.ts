import { type Absent, type ErrorSpec, malformed, missing, type Words } from './wordings.ts';

/** The errors of security groups, VPCs, their parts, and addresses. */
export const networkErrors = {
  'InvalidGroup.NotFound': {
    status: 400,
    message: (d: Absent | { name: string; defaultVpcId: string | undefined } | Words) => {
      if ('message' in d) return d.message;
      if (!('name' in d)) return missing('security group').message(d);
      const where = d.defaultVpcId ? ` in default VPC '${d.defaultVpcId}'` : '';
      return `The security group '${d.name}' does not exist${where}`;
    },
  },
  VPCIdNotSpecified: { status: 400, message: (_: object) => 'No default VPC for this user' },
  'InvalidGroup.Duplicate': {
    status: 400,
    message: (d: { name: string; vpcId: string }) =>
      `The security group '${d.name}' already exists for VPC '${d.vpcId}'`,
  },
  'InvalidGroup.Reserved': {
    status: 400,
    message: (d: { name: string }) => `Cannot use reserved security group name: ${d.name}`,
  },
  'InvalidGroupId.Malformed': malformed('sg'),
  CannotDelete: {
    status: 400,
    message: (d: { id: string }) =>
      `the specified group: "${d.id}" name: "default" cannot be deleted by a user`,
  },
  DependencyViolation: {
    status: 400,
    message: (d: { id: string }) => `resource ${d.id} has a dependent object`,
  },
  'InvalidPermission.Duplicate': {
    status: 400,
    message: (d: { rule: string }) => `the specified rule "${d.rule}" already exists`,
  },
  'InvalidPermission.NotFound': {
    status: 400,
    message: (_: object) => 'The specified rule does not exist in this security group.',
  },
  RulesPerSecurityGroupLimitExceeded: {
    status: 400,
    message: (_: object) => 'The maximum number of rules per security group has been reached.',
  },
  'InvalidSecurityGroupRuleId.NotFound': missing('security group rule ID'),
  'InvalidSecurityGroupRuleId.Malformed': malformed('sgr'),
  'InvalidVpcID.NotFound': missing('vpc ID'),
  'InvalidVpcID.Malformed': malformed('vpc'),
  'InvalidSubnetID.NotFound': missing('subnet ID'),
  'InvalidSubnetID.Malformed': malformed('subnet'),
  'InvalidNetworkInterfaceID.NotFound': missing('networkInterface ID'),
  'InvalidNetworkInterfaceId.Malformed': malformed('eni'),
  'InvalidRouteTableID.NotFound': missing('routeTable ID'),
  'InvalidRouteTableId.Malformed': malformed('rtb'),
  'InvalidInternetGatewayID.NotFound': missing('internetGateway ID'),
  'InvalidInternetGatewayId.Malformed': malformed('igw'),
  'InvalidDhcpOptionID.NotFound': missing('dhcpOption ID'),
  'InvalidDhcpOptionsId.Malformed': malformed('dopt'),
  'InvalidNetworkAclID.NotFound': missing('networkAcl ID'),
  'InvalidNetworkAclId.Malformed': malformed('acl'),
  SecurityGroupsPerInterfaceLimitExceeded: {
    status: 400,
    message: (d: { max: number }) =>
      `The maximum number of security groups per interface, ${d.max}, has been reached.`,
  },
} satisfies Record<string, ErrorSpec>;
