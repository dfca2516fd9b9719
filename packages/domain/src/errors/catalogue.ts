export interface ErrorSpec {
  readonly status: number;
  readonly message: (details: never) => string;
}

/** For codes whose words depend on the case. */
type Words = { readonly message: string };
const words = (details: Words) => details.message;
/** One id that names nothing, or all of those that a request has. */
type Absent = { readonly id: string } | { readonly ids: readonly string[] };
const absent = (noun: string, quoted: (ids: string) => string) => ({
  status: 400,
  message: (d: Absent) => {
    const ids = 'id' in d ? [d.id] : d.ids;
    const [s, verb] = ids.length > 1 ? ['s', 'do not'] : ['', 'does not'];
    return `The ${noun}${s} ${quoted(ids.join(', '))} ${verb} exist`;
  },
});
const missing = (noun: string) => absent(noun, (ids) => `'${ids}'`);
const malformed = (prefix: string) => ({
  status: 400,
  message: (d: { id: string }) => `Invalid id: "${d.id}" (expecting "${prefix}-...")`,
});
const worded = { status: 400, message: words };

/**
 * Every error that the API answers with. Sources: "Error codes for the Amazon EC2 API" and, for the
 * wording, quoted answers of EC2. One place, so that code, status and words cannot drift apart.
 */
export const errorCatalogue = {
  AuthFailure: { status: 401, message: words },
  SignatureDoesNotMatch: { status: 403, message: words },
  IncompleteSignature: worded,
  InvalidClientTokenId: {
    status: 403,
    message: (_: object) => 'The security token included in the request is invalid.',
  },
  MissingAuthenticationToken: {
    status: 403,
    message: (_: object) => 'Missing Authentication Token',
  },
  RequestExpired: worded,
  UnauthorizedOperation: { status: 403, message: words },
  DryRunOperation: {
    status: 412,
    message: (_: object) => 'Request would have succeeded, but DryRun flag is set.',
  },
  InvalidAction: {
    status: 400,
    message: (d: { action: string; version: string }) =>
      `The action ${d.action} is not valid for this web service.`,
  },
  MissingAction: { status: 400, message: (_: object) => 'The request is missing an action.' },
  UnsupportedOperation: worded,
  Unsupported: worded,
  NoSuchVersion: worded,
  MissingParameter: {
    status: 400,
    message: (d: { parameter: string } | Words) =>
      'message' in d ? d.message : `The request must contain the parameter ${d.parameter}`,
  },
  UnknownParameter: {
    status: 400,
    message: (d: { parameter: string }) => `The parameter ${d.parameter} is not recognized`,
  },
  InvalidParameter: worded,
  InvalidParameterValue: worded,
  InvalidParameterCombination: worded,
  InvalidRequest: worded,
  RequestEntityTooLarge: { status: 413, message: words },
  MalformedQueryString: worded,
  IdempotentParameterMismatch: {
    status: 400,
    message: (d: { token: string }) =>
      `Arguments on this idempotent request are inconsistent with arguments used in previous request(s). Client token: ${d.token}`,
  },
  OperationNotPermitted: worded,
  InvalidFilter: {
    status: 400,
    message: (d: { filter: string } | Words) =>
      'message' in d ? d.message : `The filter '${d.filter}' is invalid`,
  },
  FilterLimitExceeded: worded,
  InvalidNextToken: { status: 400, message: (_: object) => 'The token is invalid.' },
  InvalidID: worded,
  'InvalidUserID.Malformed': worded,
  InternalError: { status: 500, message: (_: object) => 'An internal error has occurred' },
  Unavailable: { status: 503, message: words },
  InsufficientInstanceCapacity: { status: 500, message: words },
  InsufficientVolumeCapacity: { status: 500, message: words },
  InsufficientFreeAddressesInSubnet: worded,
  InsufficientAddressCapacity: worded,
  ResourceLimitExceeded: worded,
  InstanceLimitExceeded: worded,
  ConcurrentSnapshotLimitExceeded: worded,
  TagLimitExceeded: worded,
  'InvalidAMIID.Malformed': malformed('ami'),
  'InvalidAMIID.NotFound': absent('image id', (ids) => `'[${ids}]'`),
  'InvalidAMIID.Unavailable': worded,
  'InvalidAMIName.Duplicate': {
    status: 400,
    message: (d: { name: string; id: string }) =>
      `AMI name ${d.name} is already in use by AMI ${d.id}`,
  },
  'InvalidAMIName.Malformed': worded,
  InvalidAMIAttributeItemValue: worded,
  InvalidBlockDeviceMapping: worded,
  'InvalidSnapshot.NotFound': missing('snapshot'),
  'InvalidSnapshotID.Malformed': malformed('snap'),
  'InvalidSnapshot.InUse': {
    status: 400,
    message: (d: { id: string; imageId: string }) =>
      `The snapshot ${d.id} is currently in use by ${d.imageId}`,
  },
  'InvalidVolume.NotFound': missing('volume'),
  'InvalidVolumeID.Malformed': malformed('vol'),
  'InvalidVolume.ZoneMismatch': worded,
  VolumeInUse: worded,
  IncorrectState: worded,
  IncorrectModificationState: worded,
  'InvalidVolumeModification.NotFound': worded,
  UnknownVolumeType: worded,
  BootForVolumeTypeUnsupported: worded,
  'InvalidDevice.InUse': worded,
  'InvalidAttachment.NotFound': worded,
  'InvalidAttachmentID.NotFound': missing('attachment ID'),
  AttachmentLimitExceeded: worded,
  'InvalidInstanceID.NotFound': missing('instance ID'),
  'InvalidInstanceID.Malformed': malformed('i'),
  IncorrectInstanceState: worded,
  InvalidInstanceAttributeValue: worded,
  InvalidInstanceType: worded,
  'InvalidKeyPair.NotFound': {
    status: 400,
    message: (d: { name: string }) => `The key pair '${d.name}' does not exist`,
  },
  'InvalidKeyPair.Duplicate': {
    status: 400,
    message: (d: { name: string }) => `The keypair '${d.name}' already exists.`,
  },
  'InvalidKey.Format': worded,
  'InvalidGroup.NotFound': {
    status: 400,
    message: (d: Absent | Words) =>
      'message' in d ? d.message : missing('security group').message(d),
  },
  VPCIdNotSpecified: worded,
  'InvalidGroup.Duplicate': {
    status: 400,
    message: (d: { name: string; vpcId: string }) =>
      `The security group '${d.name}' already exists for VPC '${d.vpcId}'`,
  },
  'InvalidGroup.Reserved': worded,
  'InvalidGroupId.Malformed': malformed('sg'),
  CannotDelete: worded,
  DependencyViolation: worded,
  'InvalidPermission.Duplicate': worded,
  'InvalidPermission.NotFound': worded,
  RulesPerSecurityGroupLimitExceeded: worded,
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
  SecurityGroupsPerInterfaceLimitExceeded: worded,
  'InvalidAddress.NotFound': worded,
  'InvalidAllocationID.NotFound': missing('allocation ID'),
  'InvalidIPAddress.InUse': worded,
  'InvalidLaunchTemplateId.NotFound': {
    status: 400,
    message: (d: { id: string }) =>
      `The specified launch template, with template ID ${d.id}, does not exist.`,
  },
  'InvalidLaunchTemplateId.Malformed': worded,
  'InvalidLaunchTemplateName.NotFoundException': worded,
  'InvalidLaunchTemplateName.AlreadyExistsException': worded,
  'InvalidLaunchTemplateName.MalformedException': worded,
  'InvalidLaunchTemplateId.VersionNotFound': worded,
  'InvalidZone.NotFound': worded,
} satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof errorCatalogue;
export type ErrorDetails<Code extends ErrorCode> = Parameters<
  (typeof errorCatalogue)[Code]['message']
>[0];
