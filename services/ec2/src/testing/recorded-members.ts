/**
 * Which members EC2 sends, by reply: read from public recordings of EC2 (output of the AWS CLI and SDKs in public repositories,
 * 2022 to 2026; the latest recording of a kind counts). Each line is a member of the named structure; `a.b` is `b` of
 * `a`, and a list means its items. Members that depend on the request (KeyName, Tags …) are as in a plain request.
 */
export interface RecordedReply {
  readonly recorded: string;
  /** Recorded members that our reply lacks, with the reason. */
  readonly lacks?: Readonly<Record<string, string>>;
  /** Members of our reply that the recording lacks, with the reason. */
  readonly adds?: Readonly<Record<string, string>>;
}

const interfaceMembers = `
  Attachment.AttachTime Attachment.AttachmentId Attachment.DeleteOnTermination Attachment.DeviceIndex Attachment.Status
  Attachment.NetworkCardIndex Description Groups.GroupId Groups.GroupName Ipv6Addresses MacAddress NetworkInterfaceId
  OwnerId PrivateDnsName PrivateIpAddress PrivateIpAddresses.Primary PrivateIpAddresses.PrivateDnsName
  PrivateIpAddresses.PrivateIpAddress SourceDestCheck Status SubnetId VpcId InterfaceType Operator.Managed`;

const ofInterface = interfaceMembers
  .trim()
  .split(/\s+/)
  .map((member) => `NetworkInterfaces.${member}`)
  .join(' ');

const association = ['NetworkInterfaces', 'NetworkInterfaces.PrivateIpAddresses']
  .flatMap((of) =>
    ['IpOwnerId', 'PublicDnsName', 'PublicIp'].map((name) => `${of}.Association.${name}`),
  )
  .join(' ');

const instanceMembers = `
  AmiLaunchIndex Architecture CapacityReservationSpecification.CapacityReservationPreference ClientToken
  CpuOptions.CoreCount CpuOptions.ThreadsPerCore CurrentInstanceBootMode EbsOptimized EnaSupport EnclaveOptions.Enabled
  Hypervisor ImageId InstanceId InstanceType LaunchTime MaintenanceOptions.AutoRecovery
  MaintenanceOptions.RebootMigration MetadataOptions.HttpEndpoint MetadataOptions.HttpProtocolIpv6
  MetadataOptions.HttpPutResponseHopLimit MetadataOptions.HttpTokens MetadataOptions.InstanceMetadataTags
  MetadataOptions.State Monitoring.State Operator.Managed Placement.AvailabilityZone Placement.AvailabilityZoneId
  Placement.GroupName Placement.Tenancy PrivateDnsName PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord
  PrivateDnsNameOptions.EnableResourceNameDnsARecord PrivateDnsNameOptions.HostnameType PrivateIpAddress ProductCodes
  PublicDnsName RootDeviceName RootDeviceType SecurityGroups.GroupId SecurityGroups.GroupName SourceDestCheck
  State.Code State.Name StateTransitionReason SubnetId VirtualizationType VpcId ${ofInterface}`;

const describedLater = `
  HibernationOptions.Configured NetworkPerformanceOptions.BandwidthWeighting PlatformDetails SecondaryInterfaces
  UsageOperation UsageOperationUpdateTime BlockDeviceMappings.DeviceName BlockDeviceMappings.Ebs.AttachTime
  BlockDeviceMappings.Ebs.DeleteOnTermination BlockDeviceMappings.Ebs.EbsCardIndex BlockDeviceMappings.Ebs.Status
  BlockDeviceMappings.Ebs.VolumeId`;

const bootMode = { BootMode: "the test's image has none" };

const volumeMembers = `
  AvailabilityZone AvailabilityZoneId CreateTime Encrypted Iops MultiAttachEnabled Size SnapshotId State Throughput
  VolumeId VolumeType`;

const snapshotMembers =
  'Description Encrypted OwnerId Progress SnapshotId StartTime State VolumeId VolumeSize';

export const recordedReplies = {
  /** 2025-08; an instance of an image with a boot mode. */
  'RunInstances: instance': {
    recorded: `${instanceMembers} BlockDeviceMappings BootMode StateReason.Code StateReason.Message`,
    lacks: bootMode,
  },
  /** 2026-07. */
  'DescribeInstances: running': {
    recorded: `${instanceMembers} ${describedLater} ${association} PublicIpAddress`,
    adds: {
      'StateReason.Code': 'says that the test has no guest (simulated compute)',
      'StateReason.Message': 'the same',
    },
  },
  /** 2026-02. */
  'DescribeInstances: stopped': {
    recorded: `${instanceMembers} ${describedLater} BootMode StateReason.Code StateReason.Message`,
    lacks: bootMode,
  },
  /** 2026. */
  'DescribeInstanceStatus: running': {
    recorded: `AvailabilityZone AvailabilityZoneId InstanceId InstanceState.Code InstanceState.Name
      InstanceStatus.Details.Name InstanceStatus.Details.Status InstanceStatus.Status SystemStatus.Details.Name
      SystemStatus.Details.Status SystemStatus.Status AttachedEbsStatus.Details.Name AttachedEbsStatus.Details.Status
      AttachedEbsStatus.Status`,
  },
  /** 2026-09. */
  CreateVolume: { recorded: `${volumeMembers} Tags` },
  /** 2025-09. */
  'DescribeVolumes: attached': {
    recorded: `${volumeMembers} Operator.Managed Attachments.AttachTime Attachments.DeleteOnTermination
      Attachments.Device Attachments.InstanceId Attachments.State Attachments.VolumeId`,
    adds: {
      'Attachments.EbsCardIndex': 'in recordings of DescribeInstances since the end of 2025',
    },
  },
  /** 2026-02. */
  CreateSnapshot: { recorded: `${snapshotMembers} Tags` },
  /** 2026-07. */
  'DescribeSnapshots: completed': {
    recorded: `${snapshotMembers} CompletionTime FullSnapshotSizeInBytes StorageTier TransferType`,
  },
  /** 2026-02; an image that CreateImage made. */
  'DescribeImages: own': {
    recorded: `Architecture BlockDeviceMappings.DeviceName BlockDeviceMappings.Ebs.DeleteOnTermination
      BlockDeviceMappings.Ebs.Encrypted BlockDeviceMappings.Ebs.SnapshotId BlockDeviceMappings.Ebs.VolumeSize
      BlockDeviceMappings.Ebs.VolumeType BlockDeviceMappings.Ebs.Iops BlockDeviceMappings.Ebs.Throughput BootMode
      CreationDate DeregistrationProtection EnaSupport Hypervisor ImageId ImageLocation ImageType Name OwnerId
      PlatformDetails Public RootDeviceName RootDeviceType SourceImageId SourceImageRegion SourceInstanceId
      SriovNetSupport State UsageOperation VirtualizationType`,
    lacks: {
      ...bootMode,
      SriovNetSupport: "the test's image has none",
    },
  },
  /** 2025. */
  'DescribeVpcs: default': {
    recorded: `OwnerId InstanceTenancy CidrBlockAssociationSet.AssociationId CidrBlockAssociationSet.CidrBlock
      CidrBlockAssociationSet.CidrBlockState.State IsDefault BlockPublicAccessStates.InternetGatewayBlockMode VpcId
      State CidrBlock DhcpOptionsId`,
  },
  /** 2025. */
  'DescribeSubnets: default': {
    recorded: `AvailabilityZoneId MapCustomerOwnedIpOnLaunch OwnerId AssignIpv6AddressOnCreation
      Ipv6CidrBlockAssociationSet SubnetArn EnableDns64 Ipv6Native PrivateDnsNameOptionsOnLaunch.HostnameType
      PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord
      PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord BlockPublicAccessStates.InternetGatewayBlockMode
      SubnetId State VpcId CidrBlock AvailableIpAddressCount AvailabilityZone DefaultForAz MapPublicIpOnLaunch`,
  },
  /** 2026. */
  'DescribeSecurityGroups: default': {
    recorded: `GroupId IpPermissionsEgress.IpProtocol IpPermissionsEgress.UserIdGroupPairs
      IpPermissionsEgress.IpRanges.CidrIp IpPermissionsEgress.Ipv6Ranges IpPermissionsEgress.PrefixListIds VpcId
      SecurityGroupArn OwnerId GroupName Description IpPermissions.IpProtocol IpPermissions.UserIdGroupPairs.UserId
      IpPermissions.UserIdGroupPairs.GroupId IpPermissions.IpRanges IpPermissions.Ipv6Ranges
      IpPermissions.PrefixListIds`,
  },
  /** 2025. */
  CreateSecurityGroup: { recorded: 'GroupId SecurityGroupArn' },
  /** 2026-04. */
  DescribeKeyPairs: { recorded: 'KeyPairId KeyType Tags CreateTime KeyName KeyFingerprint' },
  /** 2019 to 2024. */
  CreateLaunchTemplate: {
    recorded: `LaunchTemplateId LaunchTemplateName CreateTime CreatedBy DefaultVersionNumber LatestVersionNumber`,
  },
  /** 2026-03. */
  ModifyVolume: {
    recorded: `VolumeId ModificationState TargetSize TargetIops TargetVolumeType TargetThroughput
      TargetMultiAttachEnabled OriginalSize OriginalIops OriginalVolumeType OriginalThroughput
      OriginalMultiAttachEnabled Progress StartTime`,
  },
} satisfies Record<string, RecordedReply>;

export type RecordedName = keyof typeof recordedReplies;
