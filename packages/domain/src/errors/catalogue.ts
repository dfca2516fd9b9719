import { interfaceErrors } from './interface-errors.ts';
import { networkErrors } from './network-errors.ts';
import {
  absent,
  type ErrorSpec,
  malformed,
  missing,
  type Words,
  worded,
  words,
} from './wordings.ts';

/** What a value that came as text should have been. */
const kinds = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  timestamp: 'a time such as 2026-01-31T23:59:59Z',
  blob: 'base64-encoded bytes',
} as const;

/** A value that a parameter cannot have, with what it can have: a list, or a hint in words. */
interface BadValue {
  readonly parameter: string;
  /** Absent when it is not shown, as it may be secret. */
  readonly value?: unknown;
  readonly expected?: readonly string[];
  readonly kind?: keyof typeof kinds;
  readonly hint?: string;
}

/** Text that should have been base64, for which EC2 has words of its own. */
interface BadBase64 {
  readonly base64Of: 'user data';
}

function wayOut({ expected, kind, hint }: BadValue): string | undefined {
  if (expected) return `Expecting one of: ${expected.join(', ')}`;
  return kind ? `Expected ${kinds[kind]}.` : hint;
}

function badValue(given: BadValue): string {
  const way = wayOut(given);
  const value = 'value' in given ? `Value (${given.value})` : 'Value';
  return `${value} for parameter ${given.parameter} is invalid.${way ? ` ${way}` : ''}`;
}

/**
 * Every error that the APIs answer with. Sources: "Error codes for the Amazon EC2 API", the API
 * reference of Systems Manager and, for the wording, quoted replies of both. One place, so that code, status and words cannot drift apart.
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
    message: (d: Partial<Words>) => d.message ?? 'Missing Authentication Token',
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
  UnsupportedOperation: {
    status: 400,
    message: (d: { parameter: string } | Words) =>
      'message' in d ? d.message : `The parameter ${d.parameter} is not supported on this platform`,
  },
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
  InvalidParameter: {
    status: 400,
    message: (d: { groupId: string; other: string }) =>
      `Security group ${d.groupId} and ${d.other} belong to different networks.`,
  },
  InvalidParameterValue: {
    status: 400,
    message: (d: BadValue | BadBase64 | Words) => {
      if ('base64Of' in d) return `Invalid BASE64 encoding of ${d.base64Of}.`;
      return 'message' in d ? d.message : badValue(d);
    },
  },
  InvalidParameterCombination: {
    status: 400,
    message: (d: { place: string; oneOf: readonly string[] } | Words) =>
      'message' in d ? d.message : `${d.place} must have exactly one of ${d.oneOf.join(', ')}.`,
  },
  InvalidRequest: worded,
  RequestEntityTooLarge: { status: 413, message: words },
  RequestLimitExceeded: { status: 503, message: words },
  MalformedQueryString: worded,
  IdempotentParameterMismatch: {
    status: 400,
    message: (d: { token: string }) =>
      `Arguments on this idempotent request are inconsistent with arguments used in previous request(s). Client token: ${d.token}`,
  },
  OperationNotPermitted: worded,
  FilterLimitExceeded: worded,
  InvalidNextToken: { status: 400, message: (_: object) => 'The token is invalid.' },
  InvalidID: { status: 400, message: (d: { id: string }) => `The ID '${d.id}' is not valid` },
  'InvalidUserID.Malformed': {
    status: 400,
    message: (d: { user: string }) => `Invalid user id: "${d.user}"`,
  },
  InternalError: { status: 500, message: (_: object) => 'An internal error has occurred' },
  Unavailable: { status: 503, message: words },
  InsufficientInstanceCapacity: {
    status: 500,
    message: (d: { shortage: string }) =>
      `We currently do not have sufficient capacity for the requested instances on this machine: ${d.shortage}.`,
  },
  InsufficientVolumeCapacity: { status: 500, message: words },
  InsufficientFreeAddressesInSubnet: {
    status: 400,
    message: (d: { subnetId: string }) =>
      `There are not enough free addresses in subnet '${d.subnetId}' to satisfy the requested number of instances.`,
  },
  InsufficientAddressCapacity: {
    status: 400,
    message: (d: { pool: string }) =>
      `Not enough available addresses in the public pool ${d.pool}; start the server with a larger one (--public-cidr)`,
  },
  InstanceLimitExceeded: {
    status: 400,
    message: (d: { max: number; wanted: number }) =>
      `At most ${d.max} instances can be launched by one call, ${d.wanted} were asked for`,
  },
  ConcurrentSnapshotLimitExceeded: worded,
  TagLimitExceeded: {
    status: 400,
    message: (d: { max: number }) => `More than ${d.max} tags on one resource`,
  },
  'InvalidAMIID.Malformed': malformed('ami'),
  'InvalidAMIID.NotFound': absent('image id', (ids) => `'[${ids}]'`),
  'InvalidAMIID.Unavailable': worded,
  'InvalidAMIName.Duplicate': {
    status: 400,
    message: (d: { name: string; id: string }) =>
      `AMI name ${d.name} is already in use by AMI ${d.id}`,
  },
  'InvalidAMIName.Malformed': {
    status: 400,
    message: (_: object) =>
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/', '_', '[', ']', ''', '@' and ' '",
  },
  InvalidAMIAttributeItemValue: {
    status: 400,
    message: (d: { value: string; item: string }) =>
      `Invalid attribute item value "${d.value}" for ${d.item} item type.`,
  },
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
  'InvalidVolume.ZoneMismatch': {
    status: 400,
    message: (d: { volumeId: string; instanceId: string }) =>
      `The volume '${d.volumeId}' is not in the same availability zone as instance '${d.instanceId}'`,
  },
  VolumeInUse: worded,
  IncorrectState: worded,
  IncorrectModificationState: {
    status: 400,
    message: (d: { volumeId: string; state: string }) =>
      `Cannot modify volume ${d.volumeId}, currently in modification state '${d.state}'.`,
  },
  'InvalidVolumeModification.NotFound': {
    status: 400,
    message: (d: { volumeId: string }) => `Modification for volume '${d.volumeId}' does not exist.`,
  },
  UnknownVolumeType: {
    status: 400,
    message: (d: { type: string; known: readonly string[] }) =>
      `Unknown volume type '${d.type}'. The supported types are ${d.known.join(', ')}.`,
  },
  BootForVolumeTypeUnsupported: {
    status: 400,
    message: (d: { type: string; owner: string }) =>
      `The volume type ${d.type} of ${d.owner} is not supported for boot volumes; use gp3, gp2, io2, io1 or standard`,
  },
  'InvalidAttachment.NotFound': worded,
  'InvalidAttachmentID.NotFound': missing('attachment ID'),
  AttachmentLimitExceeded: worded,
  'InvalidInstanceID.NotFound': missing('instance ID'),
  'InvalidInstanceID.Malformed': malformed('i'),
  IncorrectInstanceState: worded,
  InvalidInstanceAttributeValue: worded,
  InvalidInstanceType: {
    status: 400,
    message: (d: { names: readonly string[] }) =>
      `The following supplied instance types do not exist: [${d.names.join(', ')}]`,
  },
  'InvalidKeyPair.NotFound': {
    status: 400,
    message: (d: { name: string }) => `The key pair '${d.name}' does not exist`,
  },
  'InvalidKeyPair.Duplicate': {
    status: 400,
    message: (d: { name: string }) => `The keypair '${d.name}' already exists.`,
  },
  'InvalidKey.Format': worded,
  ...networkErrors,
  ...interfaceErrors,
  'InvalidLaunchTemplateId.NotFound': {
    status: 400,
    message: (d: { id: string }) =>
      `The specified launch template, with template ID ${d.id}, does not exist.`,
  },
  'InvalidLaunchTemplateId.Malformed': {
    status: 400,
    message: (d: { id: string }) => `Invalid id: "${d.id}" (expecting "lt-...")`,
  },
  'InvalidLaunchTemplateName.NotFoundException': {
    status: 400,
    message: (d: { name: string }) =>
      `The specified launch template, with template name ${d.name}, does not exist.`,
  },
  'InvalidLaunchTemplateName.AlreadyExistsException': {
    status: 400,
    message: (_: object) => 'Launch template name already in use.',
  },
  'InvalidLaunchTemplateName.MalformedException': {
    status: 400,
    message: (_: object) =>
      'A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _',
  },
  'InvalidLaunchTemplateId.VersionNotFound': worded,
  'InvalidZone.NotFound': {
    status: 400,
    message: (d: { zone: string | undefined }) => `The zone '${d.zone}' does not exist.`,
  },
  AccessDeniedException: worded,
  HierarchyLevelLimitExceededException: worded,
  HierarchyTypeMismatchException: {
    status: 400,
    message: (_: object) =>
      "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.",
  },
  InvalidAllowedPatternException: worded,
  InvalidFilterKey: worded,
  InvalidFilterOption: worded,
  InvalidFilterValue: worded,
  InvalidKeyId: worded,
  InvalidResourceId: worded,
  InvalidResourceType: worded,
  ParameterAlreadyExists: {
    status: 400,
    message: (_: object) =>
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  },
  ParameterLimitExceeded: worded,
  ParameterMaxVersionLimitExceeded: {
    status: 400,
    message: (d: { name: string; version: number }) =>
      `You attempted to create a new version of ${d.name} by calling the PutParameter API with the overwrite flag. Version ${d.version}, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.`,
  },
  ParameterNotFound: {
    status: 400,
    message: (d: { name: string }) => `Parameter ${d.name} not found.`,
  },
  ParameterPatternMismatchException: worded,
  ParameterVersionLabelLimitExceeded: worded,
  ParameterVersionNotFound: {
    status: 400,
    message: (d: { name: string; selector: string }) => {
      const what = /^\d+$/.test(d.selector) ? 'version' : 'label';
      return `Systems Manager could not find ${what} ${d.selector} of ${d.name}. Verify the ${what} and try again.`;
    },
  },
  TooManyTagsError: worded,
  ValidationException: worded,
} satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof errorCatalogue;
export type ErrorDetails<Code extends ErrorCode> = Parameters<
  (typeof errorCatalogue)[Code]['message']
>[0];
