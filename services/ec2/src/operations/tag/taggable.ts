import { isResourceId } from '@bakehouse/base';
import {
  type ApiError,
  apiError,
  type Image,
  isInRegion,
  isSharedWith,
  type MetadataReader,
  type RecordKinds,
  type Snapshot,
  type Tags,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { checkId, type LookupKind, notFound } from '../../lookup/lookups.ts';
import { ownTags, withOwnTags } from '../../request/tags.ts';

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** Kinds of records that carry tags of their own. */
export type TaggableKind = {
  [K in keyof RecordKinds]: RecordKinds[K] extends { tags: Tags; ownerId: string } ? K : never;
}[keyof RecordKinds];

export interface RecordType {
  readonly kind: TaggableKind;
  /** As DescribeTags names it. */
  readonly type: string;
  readonly prefix: string;
  /** Throws EC2's error for an id that is not of this type. */
  check(id: string): void;
  /** EC2's error for an id that does not exist. */
  notFound(id: string): ApiError;
}

const lookedUp = (kind: LookupKind & TaggableKind, type: string, prefix: string): RecordType => ({
  kind,
  type,
  prefix,
  check: (id) => checkId(kind, id),
  notFound: (id) => notFound(kind, id),
});

export const recordTypes: readonly RecordType[] = [
  lookedUp('image', 'image', 'ami'),
  lookedUp('snapshot', 'snapshot', 'snap'),
  lookedUp('volume', 'volume', 'vol'),
  lookedUp('instance', 'instance', 'i'),
  lookedUp('networkInterface', 'network-interface', 'eni'),
  lookedUp('vpc', 'vpc', 'vpc'),
  lookedUp('subnet', 'subnet', 'subnet'),
  lookedUp('internetGateway', 'internet-gateway', 'igw'),
  lookedUp('routeTable', 'route-table', 'rtb'),
  lookedUp('networkAcl', 'network-acl', 'acl'),
  lookedUp('dhcpOptions', 'dhcp-options', 'dopt'),
  lookedUp('elasticAddress', 'elastic-ip', 'eipalloc'),
  lookedUp('natGateway', 'natgateway', 'nat'),
  lookedUp('prefixList', 'prefix-list', 'pl'),
  lookedUp('securityGroup', 'security-group', 'sg'),
  lookedUp('securityGroupRule', 'security-group-rule', 'sgr'),
  {
    kind: 'keyPair',
    type: 'key-pair',
    prefix: 'key',
    // Key pairs have no code for a malformed id: it names nothing either.
    check: () => {},
    notFound: (name) => apiError('InvalidKeyPair.NotFound', { name }),
  },
  {
    kind: 'launchTemplate',
    type: 'launch-template',
    prefix: 'lt',
    check(id) {
      if (isResourceId('lt', id)) return;
      throw apiError('InvalidLaunchTemplateId.Malformed', { id });
    },
    notFound: (id) => apiError('InvalidLaunchTemplateId.NotFound', { id }),
  },
];

/** A resource with the tags that it has now and a way to give it others. */
export interface Taggable {
  readonly kind: TaggableKind;
  readonly tags: Tags;
  put(tx: ControlTransaction, tags: Tags): Promise<void>;
}

export const isShareable = (record: RecordKinds[TaggableKind]): record is Image | Snapshot =>
  'launchPermissions' in record || 'createVolumePermissions' in record;

/** The caller's, or shared with it; with the caller's tags. */
async function findTaggable<K extends TaggableKind>(
  reader: MetadataReader,
  { accountId, region }: Scope,
  { kind, id }: { kind: K; id: string },
): Promise<Taggable | undefined> {
  const record = await reader.get(kind, id);
  if (!record || !isInRegion(record, region)) return undefined;
  if (record.ownerId === accountId) {
    return { kind, tags: record.tags, put: (tx, tags) => tx.put(kind, { ...record, tags }) };
  }
  if (!isShareable(record) || !isSharedWith(record, accountId)) return undefined;
  return {
    kind,
    tags: ownTags(record, accountId),
    put: (tx, tags) => tx.put(kind, { ...record, ...withOwnTags(record, accountId, tags) }),
  };
}

/** The caller's resource of that id, or the `Malformed` or `NotFound` of its kind. */
export async function taggableById(
  reader: MetadataReader,
  scope: Scope,
  id: string,
): Promise<Taggable> {
  const prefix = id.slice(0, id.lastIndexOf('-'));
  const type = recordTypes.find((each) => each.prefix === prefix);
  if (!type) throw apiError('InvalidID', { id });
  type.check(id);
  const found = await findTaggable(reader, scope, { kind: type.kind, id });
  if (!found) throw type.notFound(id);
  return found;
}
