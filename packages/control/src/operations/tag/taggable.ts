import { isResourceId } from '@bakehouse/base';
import {
  type ApiError,
  apiError,
  type ErrorCode,
  type ErrorDetails,
  type MetadataReader,
  type RecordKinds,
  type Tags,
  type Vpc,
} from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { partTags, vpcParts } from '../../network/vpc-parts.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** Kinds of records that carry tags of their own. */
export type TaggableKind = {
  [K in keyof RecordKinds]: RecordKinds[K] extends { tags: Tags; ownerId: string } ? K : never;
}[keyof RecordKinds];

interface TaggableType {
  /** As DescribeTags names it. */
  readonly type: string;
  readonly prefix: string;
  /** EC2's answers to an id that is no id of this type, and to one that names nothing. */
  readonly malformed: Refusal;
  readonly notFound: Refusal;
}

type IdCode = {
  [Code in ErrorCode]: { id: string } extends ErrorDetails<Code> ? Code : never;
}[ErrorCode];
type Refusal = (id: string) => ApiError;
type RecordType = TaggableType & { readonly kind: TaggableKind };
type PartType = TaggableType & { readonly part: keyof ReturnType<typeof vpcParts> };

/** For codes that are worded from the id. */
const byId =
  <Code extends IdCode>(code: Code): Refusal =>
  (id) =>
    apiError(code, { id } as ErrorDetails<Code>);

const invalidId: Refusal = (id) =>
  apiError('InvalidID', { message: `The ID '${id}' is not valid or does not exist` });
const noKeyPair: Refusal = (name) => apiError('InvalidKeyPair.NotFound', { name });
const malformedTemplate: Refusal = (id) =>
  apiError('InvalidLaunchTemplateId.Malformed', {
    message: `Invalid id: "${id}" (expecting "lt-...")`,
  });

export const recordTypes: readonly RecordType[] = [
  {
    kind: 'image',
    type: 'image',
    prefix: 'ami',
    malformed: byId('InvalidAMIID.Malformed'),
    notFound: byId('InvalidAMIID.NotFound'),
  },
  {
    kind: 'snapshot',
    type: 'snapshot',
    prefix: 'snap',
    malformed: byId('InvalidSnapshotID.Malformed'),
    notFound: byId('InvalidSnapshot.NotFound'),
  },
  {
    kind: 'volume',
    type: 'volume',
    prefix: 'vol',
    malformed: byId('InvalidVolumeID.Malformed'),
    notFound: byId('InvalidVolume.NotFound'),
  },
  {
    kind: 'instance',
    type: 'instance',
    prefix: 'i',
    malformed: byId('InvalidInstanceID.Malformed'),
    notFound: byId('InvalidInstanceID.NotFound'),
  },
  {
    kind: 'networkInterface',
    type: 'network-interface',
    prefix: 'eni',
    malformed: byId('InvalidNetworkInterfaceId.Malformed'),
    notFound: byId('InvalidNetworkInterfaceID.NotFound'),
  },
  {
    kind: 'vpc',
    type: 'vpc',
    prefix: 'vpc',
    malformed: byId('InvalidVpcID.Malformed'),
    notFound: byId('InvalidVpcID.NotFound'),
  },
  {
    kind: 'subnet',
    type: 'subnet',
    prefix: 'subnet',
    malformed: byId('InvalidSubnetID.Malformed'),
    notFound: byId('InvalidSubnetID.NotFound'),
  },
  {
    kind: 'securityGroup',
    type: 'security-group',
    prefix: 'sg',
    malformed: byId('InvalidGroupId.Malformed'),
    notFound: byId('InvalidGroup.NotFound'),
  },
  {
    kind: 'securityGroupRule',
    type: 'security-group-rule',
    prefix: 'sgr',
    malformed: byId('InvalidSecurityGroupRuleId.Malformed'),
    notFound: byId('InvalidSecurityGroupRuleId.NotFound'),
  },
  {
    kind: 'keyPair',
    type: 'key-pair',
    prefix: 'key',
    malformed: noKeyPair,
    notFound: noKeyPair,
  },
  {
    kind: 'launchTemplate',
    type: 'launch-template',
    prefix: 'lt',
    malformed: malformedTemplate,
    notFound: byId('InvalidLaunchTemplateId.NotFound'),
  },
];

/** Parts of a VPC, whose tags are kept with it. */
export const partTypes: readonly PartType[] = [
  {
    part: 'internetGatewayId',
    type: 'internet-gateway',
    prefix: 'igw',
    malformed: byId('InvalidInternetGatewayId.Malformed'),
    notFound: byId('InvalidInternetGatewayID.NotFound'),
  },
  {
    part: 'routeTableId',
    type: 'route-table',
    prefix: 'rtb',
    malformed: byId('InvalidRouteTableId.Malformed'),
    notFound: byId('InvalidRouteTableID.NotFound'),
  },
  {
    part: 'dhcpOptionsId',
    type: 'dhcp-options',
    prefix: 'dopt',
    malformed: invalidId,
    notFound: invalidId,
  },
  {
    part: 'networkAclId',
    type: 'network-acl',
    prefix: 'acl',
    malformed: invalidId,
    notFound: invalidId,
  },
];

/** A resource with the tags that it has now and a way to give it others. */
export interface Taggable {
  readonly id: string;
  readonly kind?: TaggableKind;
  readonly tags: Tags;
  put(tx: ControlTransaction, tags: Tags): Promise<void>;
}

async function findRecord<K extends TaggableKind>(
  reader: MetadataReader,
  scope: Scope,
  { kind, id }: { kind: K; id: string },
): Promise<Taggable | undefined> {
  const record = await reader.get(kind, id);
  if (record?.ownerId !== scope.accountId || record.region !== scope.region) return undefined;
  return {
    id,
    kind,
    tags: record.tags,
    put: (tx, tags) => tx.put(kind, { ...record, tags }),
  };
}

/** The caller's VPCs with one of the parts each. */
export async function vpcsOf(reader: MetadataReader, scope: Scope): Promise<readonly Vpc[]> {
  return await reader.list('vpc', { region: scope.region, where: { owner: [scope.accountId] } });
}

async function findPart(
  reader: MetadataReader,
  scope: Scope,
  { part, id }: { part: PartType['part']; id: string },
): Promise<Taggable | undefined> {
  const vpcs = await vpcsOf(reader, scope);
  const vpc = vpcs.find((each) => vpcParts(each)[part] === id);
  if (!vpc) return undefined;
  return {
    id,
    tags: partTags(vpc, id),
    async put(tx, tags) {
      // Read again: another part of the same VPC may have been changed before in this transaction.
      const now = (await tx.get('vpc', vpc.id)) ?? vpc;
      await tx.put('vpc', { ...now, partTags: { ...now.partTags, [id]: tags } });
    },
  };
}

/** The caller's resource of that id, or the `Malformed` or `NotFound` of its kind. */
export async function taggableById(
  reader: MetadataReader,
  scope: Scope,
  id: string,
): Promise<Taggable> {
  const prefix = id.slice(0, id.lastIndexOf('-'));
  const record = recordTypes.find((each) => each.prefix === prefix);
  const part = partTypes.find((each) => each.prefix === prefix);
  const type = record ?? part;
  if (!type) throw invalidId(id);
  if (!isResourceId(prefix, id)) throw type.malformed(id);
  const found = record
    ? await findRecord(reader, scope, { kind: record.kind, id })
    : part && (await findPart(reader, scope, { part: part.part, id }));
  if (!found) throw type.notFound(id);
  return found;
}
