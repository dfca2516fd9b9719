import { type Absent, type ErrorSpec, malformed, missing, type Words, worded } from './wordings.ts';

/** The error of a quota: what there can be no more of. */
const full = (things: string) => ({
  status: 400,
  message: (d: { max: number; of: string }) =>
    `The maximum number of ${things} has been reached: ${d.of} can have ${d.max}.`,
});

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
  VPCIdNotSpecified: {
    status: 400,
    message: (d: { launch?: true }) =>
      `No default VPC for this user${d.launch ? '. GroupName is only supported for EC2-Classic and default VPC.' : ''}`,
  },
  MissingInput: worded,
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
    message: (d: { id: string } | { noun: string; id: string } | Words) => {
      if ('message' in d) return d.message;
      if (!('noun' in d)) return `resource ${d.id} has a dependent object`;
      return `The ${d.noun} '${d.id}' has dependencies and cannot be deleted.`;
    },
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
  'InvalidVpc.Range': {
    status: 400,
    message: (d: { cidr: string } | Words) =>
      'message' in d ? d.message : `The CIDR '${d.cidr}' is invalid.`,
  },
  'InvalidSubnet.Range': {
    status: 400,
    message: (d: { cidr: string }) => `The CIDR '${d.cidr}' is invalid.`,
  },
  'InvalidSubnet.Conflict': {
    status: 400,
    message: (d: { cidr: string }) => `The CIDR '${d.cidr}' conflicts with another subnet`,
  },
  'InvalidCidrBlock.InUse': {
    status: 400,
    message: (d: { cidr: string }) => `The vpc currently has a subnet within CIDR block ${d.cidr}`,
  },
  CidrLimitExceeded: {
    status: 400,
    message: (d: { vpcId: string; max: number }) =>
      `This network '${d.vpcId}' has met its maximum number of allowed CIDRs: ${d.max}`,
  },
  'InvalidVpcCidrBlockAssociationID.NotFound': missing('vpc CIDR block association ID'),
  DefaultVpcAlreadyExists: {
    status: 400,
    message: (_: object) => 'A Default VPC already exists for this account in this region.',
  },
  DefaultVpcDoesNotExist: {
    status: 400,
    message: (_: object) =>
      'No default VPC exists for this account in this region. Create one with CreateDefaultVpc',
  },
  DefaultSubnetAlreadyExistsInAvailabilityZone: {
    status: 400,
    message: (d: { subnetId: string; zone: string }) =>
      `'${d.subnetId}' is already the default subnet in ${d.zone}.`,
  },
  InsufficientCidrBlocks: worded,
  VpcLimitExceeded: full('VPCs'),
  SubnetLimitExceeded: full('subnets'),
  InternetGatewayLimitExceeded: full('internet gateways'),
  RouteTableLimitExceeded: full('route tables'),
  RouteLimitExceeded: full('routes'),
  NetworkAclLimitExceeded: full('network ACLs'),
  NetworkAclEntryLimitExceeded: full('network ACL entries'),
  DhcpOptionsLimitExceeded: full('DHCP options sets'),
  NatGatewayLimitExceeded: full('NAT gateways'),
  /** Of prefix lists, when nothing else is said. */
  ResourceLimitExceeded: {
    status: 400,
    message: (d: { max: number; of: string } | Words) =>
      'message' in d ? d.message : full('prefix lists').message(d),
  },
  'InvalidAssociationID.NotFound': missing('association ID'),
  'InvalidGatewayID.NotFound': missing('gateway ID'),
  'InvalidNatGatewayID.NotFound': missing('natGateway ID'),
  'Gateway.NotAttached': {
    status: 400,
    message: (d: { id?: string; vpcId: string }) =>
      d.id === undefined
        ? `Network ${d.vpcId} is not attached to any internet gateway`
        : `resource ${d.id} is not attached to network ${d.vpcId}`,
  },
  'Resource.AlreadyAssociated': worded,
  RouteAlreadyExists: {
    status: 400,
    message: (d: { destination: string }) =>
      `The route identified by ${d.destination} already exists.`,
  },
  'InvalidRoute.NotFound': {
    status: 400,
    message: (d: { destination: string; tableId: string }) =>
      `no route with destination-cidr-block ${d.destination} in route table ${d.tableId}`,
  },
  InvalidInstanceID: worded,
  NetworkAclEntryAlreadyExists: {
    status: 400,
    message: (d: { ruleNumber: number }) =>
      `The network acl entry identified by ${d.ruleNumber} already exists.`,
  },
  'InvalidNetworkAclEntry.NotFound': {
    status: 400,
    message: (d: { direction: string; ruleNumber: number; aclId: string }) =>
      `no ${d.direction} entry with number ${d.ruleNumber} was found in network acl ${d.aclId}`,
  },
  SecurityGroupsPerInterfaceLimitExceeded: {
    status: 400,
    message: (d: { max: number }) =>
      `The maximum number of security groups per interface, ${d.max}, has been reached.`,
  },
} satisfies Record<string, ErrorSpec>;
