import {
  type AccessKey,
  type Account,
  type Bake,
  type ClientToken,
  type FastLaunch,
  type FastRestore,
  type Image,
  type Instance,
  type KeyPair,
  type LaunchTemplate,
  type LaunchTemplateVersion,
  type Parameter,
  type ParameterVersion,
  type RecordKind,
  type RecordKinds,
  rootUserArn,
  type Setting,
  type Snapshot,
  type Tombstone,
  type Volume,
  type Workflow,
} from '@bakehouse/domain';

import {
  aNatGateway,
  aNetworkAcl,
  aNetworkInterface,
  anElasticAddress,
  anInternetGateway,
  aPrefixList,
  aRouteTable,
  aSecurityGroup,
  aSecurityGroupRule,
  aSubnet,
  aVpc,
  someDhcpOptions,
} from './sample-network.ts';
import { accountId, aHostId, createdAt, nobody, resource, zone } from './sample-values.ts';

/** Records with plain values, for tests that care about a few members and name those. */

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

export function aFastLaunch(given: Partial<FastLaunch> = {}): FastLaunch {
  return {
    id: 'ami-0aaaaaaaaaaaaaaa1',
    ownerId: accountId,
    region: 'us-east-1',
    hostId: aVolume().hostId,
    state: 'enabled',
    stateReason: 'Client.UserInitiated',
    stateSince: createdAt,
    maxParallelLaunches: 6,
    targetResourceCount: 5,
    template: {
      instanceId: 'i-0aaaaaaaaaaaaaaa9',
      volumeId: 'vol-0aaaaaaaaaaaaaaa9',
      snapshotId: 'snap-0aaaaaaaaaaaaaaa9',
      mapId: 'map-0aaaaaaaaaaaaaaa9',
      originMapId: 'map-0aaaaaaaaaaaaaaa1',
      instanceType: 't3.micro',
      architecture: 'x86_64',
      deviceName: '/dev/xvda',
      sizeGiB: 8,
    },
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
  internetGateway: anInternetGateway(),
  routeTable: aRouteTable(),
  networkAcl: aNetworkAcl(),
  dhcpOptions: someDhcpOptions(),
  elasticAddress: anElasticAddress(),
  natGateway: aNatGateway(),
  prefixList: aPrefixList(),
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
  fastLaunch: aFastLaunch(),
};
