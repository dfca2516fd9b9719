import {
  type AccessKey,
  type Account,
  type Bake,
  type ClientToken,
  type FastRestore,
  type HostId,
  type Image,
  type Instance,
  type KeyPair,
  type LaunchTemplate,
  type LaunchTemplateVersion,
  type NetworkInterface,
  type Parameter,
  type ParameterVersion,
  type RecordKind,
  type RecordKinds,
  rootUserArn,
  type SecurityGroup,
  type SecurityGroupRule,
  type Setting,
  type Snapshot,
  type Subnet,
  type Tombstone,
  type Volume,
  type Vpc,
  type Workflow,
} from '@bakehouse/domain';

/** Records with plain values, for tests that care about a few members and name those. */

const accountId = '123456789012';
const createdAt = 1_767_225_600_000;
const resource = { ownerId: accountId, region: 'us-east-1', tags: {}, createdAt } as const;
const nobody = { everyone: false, accountIds: [] } as const;
const zone = 'us-east-1a';
/** The host of the sample records that have one. */
export const aHostId: HostId = 'host-0aaaaaaaaaaaaaaa1';

export function anAccount(given: Partial<Account> = {}): Account {
  return { id: accountId, name: 'default', createdAt, ...given };
}

export function anAccessKey(given: Partial<AccessKey> = {}): AccessKey {
  return { id: 'AKIAEXAMPLE000000001', secret: 'secret', accountId, createdAt, ...given };
}

export function anImage(given: Partial<Image> = {}): Image {
  return {
    ...resource,
    id: 'ami-0aaaaaaaaaaaaaaa1',
    name: 'an-image',
    state: 'available',
    architecture: 'x86_64',
    platformDetails: 'Linux/UNIX',
    root: { kind: 'ebs', deviceName: '/dev/xvda' },
    boot: { kind: 'disk' },
    enaSupport: true,
    blockDevices: [
      {
        deviceName: '/dev/xvda',
        ebs: {
          snapshotId: 'snap-0aaaaaaaaaaaaaaa1',
          sizeGiB: 2,
          volumeType: 'gp3',
          deleteOnTermination: true,
        },
      },
    ],
    launchPermissions: nobody,
    ...given,
  };
}

export function aSnapshot(given: Partial<Snapshot> = {}): Snapshot {
  return {
    ...resource,
    id: 'snap-0aaaaaaaaaaaaaaa1',
    volumeId: 'vol-0aaaaaaaaaaaaaaa1',
    sizeGiB: 2,
    description: '',
    state: 'completed',
    progressPercent: 100,
    startedAt: createdAt,
    origin: { kind: 'capture' },
    mapId: 'map-0aaaaaaaaaaaaaaa1',
    createVolumePermissions: nobody,
    ...given,
  };
}

/** An image of that snapshot, of its owner and region, that launches. */
export function anImageOf(snapshot: Snapshot, given: Partial<Image> = {}): Image {
  const { ownerId, region, createdAt: at, id: snapshotId, sizeGiB } = snapshot;
  const root = { snapshotId, sizeGiB, volumeType: 'gp3', deleteOnTermination: true } as const;
  const blockDevices = [{ deviceName: '/dev/xvda', ebs: root }];
  return anImage({ ownerId, region, createdAt: at, blockDevices, ...given });
}

export function aVolume(given: Partial<Volume> = {}): Volume {
  return {
    ...resource,
    id: 'vol-0aaaaaaaaaaaaaaa1',
    hostId: aHostId,
    zone,
    state: 'available',
    sizeGiB: 2,
    volumeType: 'gp3',
    iops: 3_000,
    throughput: 125,
    multiAttachEnabled: false,
    autoEnableIo: false,
    ...given,
  };
}

export function anInstance(given: Partial<Instance> = {}): Instance {
  return {
    ...resource,
    id: 'i-0aaaaaaaaaaaaaaa1',
    hostId: aHostId,
    reservationId: 'r-0aaaaaaaaaaaaaaa1',
    launchIndex: 0,
    imageId: 'ami-0aaaaaaaaaaaaaaa1',
    instanceType: 't3.micro',
    state: 'running',
    stateTransitionReason: '',
    launchedAt: createdAt,
    zone,
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
    networkInterfaceId: 'eni-0aaaaaaaaaaaaaaa1',
    architecture: 'x86_64',
    root: { kind: 'ebs', deviceName: '/dev/xvda' },
    boot: { kind: 'disk' },
    enaSupport: true,
    platformDetails: 'Linux/UNIX',
    volumes: [],
    ephemeralDisks: [],
    metadataOptions: {
      state: 'applied',
      httpTokens: 'required',
      httpPutResponseHopLimit: 2,
      httpEndpoint: 'enabled',
      httpProtocolIpv6: 'disabled',
      instanceMetadataTags: 'disabled',
    },
    shutdownBehavior: 'stop',
    disableApiTermination: false,
    disableApiStop: false,
    ebsOptimized: false,
    monitoring: 'disabled',
    generation: 1,
    ...given,
  };
}

export function aVpc(given: Partial<Vpc> = {}): Vpc {
  return {
    ...resource,
    id: 'vpc-0aaaaaaaaaaaaaaa1',
    cidr: '172.31.0.0/16',
    isDefault: true,
    internetGatewayId: 'igw-0aaaaaaaaaaaaaaa1',
    mainRouteTableId: 'rtb-0aaaaaaaaaaaaaaa1',
    ...given,
  };
}

export function aSubnet(given: Partial<Subnet> = {}): Subnet {
  return {
    ...resource,
    id: 'subnet-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    zone,
    cidr: '172.31.0.0/20',
    defaultForZone: true,
    mapPublicIpOnLaunch: true,
    ...given,
  };
}

export function aNetworkInterface(given: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    ...resource,
    id: 'eni-0aaaaaaaaaaaaaaa1',
    hostId: aHostId,
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
    zone,
    description: '',
    macAddress: '02:00:00:00:00:01',
    privateIp: '172.31.0.10',
    groupIds: ['sg-0aaaaaaaaaaaaaaa1'],
    sourceDestCheck: true,
    status: 'available',
    ...given,
  };
}

export function aSecurityGroup(given: Partial<SecurityGroup> = {}): SecurityGroup {
  return {
    ...resource,
    id: 'sg-0aaaaaaaaaaaaaaa1',
    vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
    name: 'default',
    description: 'default VPC security group',
    ...given,
  };
}

export function aSecurityGroupRule(given: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  return {
    ...resource,
    id: 'sgr-0aaaaaaaaaaaaaaa1',
    groupId: 'sg-0aaaaaaaaaaaaaaa1',
    direction: 'ingress',
    protocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    peer: { kind: 'cidr-ipv4', cidr: '0.0.0.0/0' },
    ...given,
  };
}

export function aKeyPair(given: Partial<KeyPair> = {}): KeyPair {
  return {
    ...resource,
    id: 'key-0aaaaaaaaaaaaaaa1',
    name: 'a-key',
    keyType: 'ed25519',
    fingerprint: 'SHA256:AAAA',
    publicKey: 'ssh-ed25519 AAAA a-key',
    ...given,
  };
}

export function aWorkflow(given: Partial<Workflow> = {}): Workflow {
  return {
    id: 'wf-0aaaaaaaaaaaaaaa1',
    region: 'us-east-1',
    kind: 'a-kind',
    version: 1,
    lanes: [],
    sequence: 1,
    input: {},
    state: 'running',
    step: 'first',
    owner: 'a-server',
    epoch: 0,
    createdAt,
    ...given,
  };
}

export function aLaunchTemplate(given: Partial<LaunchTemplate> = {}): LaunchTemplate {
  return {
    ...resource,
    id: 'lt-0aaaaaaaaaaaaaaa1',
    name: 'a-template',
    createdBy: rootUserArn(resource),
    defaultVersion: 1,
    latestVersion: 1,
    ...given,
  };
}

export function aLaunchTemplateVersion(
  given: Partial<LaunchTemplateVersion> = {},
): LaunchTemplateVersion {
  return {
    id: 'lt-0aaaaaaaaaaaaaaa1:1',
    templateId: 'lt-0aaaaaaaaaaaaaaa1',
    ownerId: accountId,
    region: 'us-east-1',
    version: 1,
    createdBy: rootUserArn(resource),
    createdAt,
    data: { InstanceType: 't3.micro' },
    ...given,
  };
}

export function aClientToken(given: Partial<ClientToken> = {}): ClientToken {
  return {
    id: `${accountId}/us-east-1/RunInstances/a-token`,
    region: 'us-east-1',
    requestHash: '0'.repeat(64),
    resultIds: ['r-0aaaaaaaaaaaaaaa1'],
    createdAt,
    ...given,
  };
}

export function aTombstone(given: Partial<Tombstone> = {}): Tombstone {
  return {
    id: 'ami-0bbbbbbbbbbbbbbb1',
    region: 'us-east-1',
    ownerId: accountId,
    deletedAt: createdAt,
    ...given,
  };
}

export function aParameter(given: Partial<Parameter> = {}): Parameter {
  return {
    ...resource,
    id: `${accountId}/us-east-1/a-parameter`,
    name: 'a-parameter',
    content: {
      version: 1,
      type: 'String',
      value: 'a value',
      dataType: 'text',
      tier: 'Standard',
      modifiedAt: createdAt,
      modifiedBy: rootUserArn(resource),
    },
    labels: {},
    ...given,
  };
}

export function aParameterVersion(given: Partial<ParameterVersion> = {}): ParameterVersion {
  const { id: parameterId, region, content } = aParameter();
  return { id: `${parameterId}:00000001`, parameterId, region, content, ...given };
}

export function aFastRestore(given: Partial<FastRestore> = {}): FastRestore {
  return {
    id: `snap-0aaaaaaaaaaaaaaa1/${zone}/${accountId}`,
    ownerId: accountId,
    region: 'us-east-1',
    snapshotId: 'snap-0aaaaaaaaaaaaaaa1',
    zone,
    state: 'enabled',
    enteredAt: { enabling: createdAt, optimizing: createdAt, enabled: createdAt },
    ...given,
  };
}

export function aBake(given: Partial<Bake> = {}): Bake {
  return {
    id: 'bake-0aaaaaaaaaaaaaaa1',
    recipe: 'bakehouse-linux',
    workflowId: 'wf-0aaaaaaaaaaaaaaa1',
    state: 'in-progress',
    startedAt: createdAt,
    ...given,
  };
}

export function aSetting(given: Partial<Setting> = {}): Setting {
  return { id: 'a-setting', value: 1, ...given };
}

/** A record of every kind that names whatever records of its kind can name. */
export const sampleRecords: { readonly [K in RecordKind]: RecordKinds[K] } = {
  account: anAccount(),
  accessKey: anAccessKey(),
  image: anImage(),
  snapshot: aSnapshot(),
  volume: aVolume({
    originMapId: 'map-0aaaaaaaaaaaaaaa2',
    baseline: { snapshotId: 'snap-0aaaaaaaaaaaaaaa1', mapId: 'map-0aaaaaaaaaaaaaaa3' },
  }),
  instance: anInstance(),
  networkInterface: aNetworkInterface(),
  vpc: aVpc(),
  subnet: aSubnet(),
  securityGroup: aSecurityGroup(),
  securityGroupRule: aSecurityGroupRule(),
  keyPair: aKeyPair(),
  launchTemplate: aLaunchTemplate(),
  launchTemplateVersion: aLaunchTemplateVersion(),
  parameter: aParameter(),
  parameterVersion: aParameterVersion(),
  clientToken: aClientToken(),
  tombstone: aTombstone(),
  setting: aSetting(),
  workflow: aWorkflow(),
  bake: aBake(),
  fastRestore: aFastRestore(),
};
