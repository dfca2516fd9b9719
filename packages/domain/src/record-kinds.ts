import type {
  AccessKey,
  Account,
  Bake,
  ClientToken,
  DhcpOptions,
  ElasticAddress,
  FastLaunch,
  FastRestore,
  Image,
  Instance,
  InternetGateway,
  KeyPair,
  LaunchTemplate,
  LaunchTemplateVersion,
  NatGateway,
  NetworkAcl,
  NetworkInterface,
  Parameter,
  ParameterVersion,
  PrefixList,
  RouteTable,
  SecurityGroup,
  SecurityGroupRule,
  Setting,
  Shareable,
  Snapshot,
  Subnet,
  Tags,
  Tombstone,
  Volume,
  Vpc,
  Workflow,
} from './records/index.ts';

/** Every kind of record that the metadata store keeps. */
export interface RecordKinds {
  account: Account;
  accessKey: AccessKey;
  image: Image;
  snapshot: Snapshot;
  volume: Volume;
  instance: Instance;
  networkInterface: NetworkInterface;
  vpc: Vpc;
  subnet: Subnet;
  internetGateway: InternetGateway;
  routeTable: RouteTable;
  networkAcl: NetworkAcl;
  dhcpOptions: DhcpOptions;
  elasticAddress: ElasticAddress;
  natGateway: NatGateway;
  prefixList: PrefixList;
  securityGroup: SecurityGroup;
  securityGroupRule: SecurityGroupRule;
  keyPair: KeyPair;
  launchTemplate: LaunchTemplate;
  launchTemplateVersion: LaunchTemplateVersion;
  parameter: Parameter;
  parameterVersion: ParameterVersion;
  clientToken: ClientToken;
  tombstone: Tombstone;
  setting: Setting;
  workflow: Workflow;
  bake: Bake;
  fastRestore: FastRestore;
  fastLaunch: FastLaunch;
}
export type RecordKind = keyof RecordKinds;

type IndexValues = string | undefined | readonly string[];
type Indexes<K extends RecordKind> = Readonly<
  Record<string, (record: RecordKinds[K]) => IndexValues>
>;

const tagged = (record: { tags: Tags }) =>
  Object.entries(record.tags).map(([key, value]) => `${key}=${value}`);
const tagKeys = (record: { tags: Tags }) => Object.keys(record.tags);
const owned = {
  owner: (record: { ownerId: string }) => record.ownerId,
  tag: tagged,
  tagKey: tagKeys,
};
/** Found by the tags of all accounts. A caller sees only its own, so it looks at what is found again. */
const allTags = ({ tags, othersTags = {} }: Shareable & { tags: Tags }) => [
  { tags },
  ...Object.values(othersTags).map((others) => ({ tags: others })),
];
const shareable = {
  owner: owned.owner,
  tag: (record: Shareable & { tags: Tags }) => [...new Set(allTags(record).flatMap(tagged))],
  tagKey: (record: Shareable & { tags: Tags }) => [...new Set(allTags(record).flatMap(tagKeys))],
  tagger: ({ othersTags = {} }: Shareable) => Object.keys(othersTags),
};

/**
 * What records can be found by, in addition to their id and region. An index maps a record to the values it is
 * found under; a change here makes the databases build their index again at the next start.
 */
export const recordIndexes = {
  account: { ownerAlias: (r) => r.ownerAlias },
  accessKey: { account: (r) => r.accountId },
  image: {
    ...shareable,
    name: (r) => r.name,
    state: (r) => r.state,
    public: (r) => (r.launchPermissions.everyone ? 'true' : undefined),
    sharedWith: (r) => r.launchPermissions.accountIds,
    snapshot: (r) => r.blockDevices.flatMap((d) => d.ebs?.snapshotId ?? []),
    ownerAlias: (r) => r.ownerAlias,
  },
  snapshot: {
    ...shareable,
    volume: (r) => r.volumeId,
    state: (r) => r.state,
    public: (r) => (r.createVolumePermissions.everyone ? 'true' : undefined),
    sharedWith: (r) => r.createVolumePermissions.accountIds,
  },
  volume: {
    ...owned,
    instance: (r) => r.attachment?.instanceId,
    snapshot: (r) => r.snapshotId,
    fastRestored: (r) => (r.fastRestored ? 'true' : undefined),
  },
  instance: {
    ...owned,
    image: (r) => r.imageId,
    state: (r) => r.state,
    reservation: (r) => r.reservationId,
  },
  networkInterface: {
    ...owned,
    subnet: (r) => r.subnetId,
    instance: (r) => r.attachment?.instanceId,
    attachment: (r) => r.attachment?.id,
    vpc: (r) => r.vpcId,
    privateIp: (r) => [r.privateIp, ...(r.secondaryIps ?? [])].map((ip) => `${r.vpcId}/${ip}`),
    /** Of those with secondary addresses only. */
    subnetOfSecondaryIps: (r) => (r.secondaryIps?.length ? r.subnetId : undefined),
    publicIp: (r) => r.publicIp,
    group: (r) => r.groupIds,
  },
  vpc: {
    ...owned,
    isDefault: (r) => String(r.isDefault),
    dhcpOptions: (r) => r.dhcpOptionsId,
    mainRouteTable: (r) => r.mainRouteTable.routeTableId,
    association: (r) => [
      r.mainRouteTable.associationId,
      r.cidrAssociationId,
      ...(r.secondaryCidrs ?? []).map(({ associationId }) => associationId),
    ],
  },
  subnet: {
    ...owned,
    vpc: (r) => r.vpcId,
    routeTable: (r) => r.routeTable?.routeTableId,
    networkAcl: (r) => r.networkAcl.networkAclId,
    association: (r) => [
      r.networkAcl.associationId,
      ...(r.routeTable ? [r.routeTable.associationId] : []),
    ],
  },
  internetGateway: { ...owned, vpc: (r) => r.vpcId },
  routeTable: {
    ...owned,
    vpc: (r) => r.vpcId,
    target: (r) => [...new Set(r.routes.map(({ target }) => target.id))],
    prefixList: (r) =>
      r.routes.map(({ destination }) => destination).filter((to) => to.startsWith('pl-')),
  },
  networkAcl: { ...owned, vpc: (r) => r.vpcId },
  dhcpOptions: { ...owned },
  elasticAddress: {
    ...owned,
    publicIp: (r) => r.publicIp,
    nic: (r) => r.association?.nicId,
    association: (r) => r.association?.id,
  },
  natGateway: {
    ...owned,
    vpc: (r) => r.vpcId,
    subnet: (r) => r.subnetId,
    state: (r) => r.state,
    nic: (r) => r.addresses.map(({ nicId }) => nicId),
  },
  prefixList: { ...owned, name: (r) => r.name },
  securityGroup: { ...owned, vpc: (r) => r.vpcId, name: (r) => r.name },
  securityGroupRule: {
    ...owned,
    group: (r) => r.groupId,
    peerGroup: (r) => (r.peer.kind === 'group' ? r.peer.groupId : undefined),
    prefixList: (r) => (r.peer.kind === 'prefix-list' ? r.peer.prefixListId : undefined),
  },
  keyPair: { ...owned, name: (r) => r.name },
  launchTemplate: { ...owned, name: (r) => r.name },
  launchTemplateVersion: { template: (r) => r.templateId },
  parameter: { ...owned },
  parameterVersion: { parameter: (r) => r.parameterId },
  clientToken: {},
  tombstone: {},
  setting: {},
  workflow: { kind: (r) => r.kind },
  bake: { state: (r) => r.state },
  fastRestore: { owner: (r) => r.ownerId, snapshot: (r) => r.snapshotId, state: (r) => r.state },
  fastLaunch: { owner: (r) => r.ownerId, state: (r) => r.state },
} satisfies { [K in RecordKind]: Indexes<K> };

export type IndexName<K extends RecordKind> = keyof (typeof recordIndexes)[K] & string;
