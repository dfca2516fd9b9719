import type {
  AccessKey,
  Account,
  Image,
  Instance,
  KeyPair,
  NetworkInterface,
  SecurityGroup,
  SecurityGroupRule,
  Snapshot,
  Subnet,
  Volume,
  Vpc,
  Workflow,
} from '@bakehouse/domain';

/** Records with plain values, for tests that care about a few members and name those. */

const accountId = '123456789012';
const createdAt = 1_767_225_600_000;
const resource = { ownerId: accountId, region: 'us-east-1', tags: {}, createdAt } as const;
const nobody = { everyone: false, accountIds: [] } as const;
const zone = 'us-east-1a';

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
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    virtualizationType: 'hvm',
    enaSupport: true,
    blockDevices: [
      {
        deviceName: '/dev/xvda',
        ebs: {
          snapshotId: 'snap-0aaaaaaaaaaaaaaa1',
          sizeGiB: 2,
          volumeType: 'gp3',
          deleteOnTermination: true,
          encrypted: false,
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
    encrypted: false,
    mapId: 'map-0aaaaaaaaaaaaaaa1',
    createVolumePermissions: nobody,
    ...given,
  };
}

export function aVolume(given: Partial<Volume> = {}): Volume {
  return {
    ...resource,
    id: 'vol-0aaaaaaaaaaaaaaa1',
    zone,
    state: 'available',
    sizeGiB: 2,
    volumeType: 'gp3',
    iops: 3_000,
    throughput: 125,
    encrypted: false,
    multiAttachEnabled: false,
    autoEnableIo: false,
    ...given,
  };
}

export function anInstance(given: Partial<Instance> = {}): Instance {
  return {
    ...resource,
    id: 'i-0aaaaaaaaaaaaaaa1',
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
    virtualizationType: 'hvm',
    rootDeviceType: 'ebs',
    rootDeviceName: '/dev/xvda',
    bootMode: 'legacy-bios',
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
    lanes: [],
    sequence: 1,
    input: {},
    state: 'running',
    cursor: 0,
    attempts: 0,
    createdAt,
    ...given,
  };
}
