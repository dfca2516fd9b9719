import { zoneId } from '@bakehouse/domain';
import { privateDnsName } from '../network/host-names.ts';
import {
  attachmentStatuses,
  type InstanceFacts,
  publicName,
  stateCodes,
} from '../views/instance.ts';
import { type FilterTable, tagFilters } from './filter.ts';
import { isoTime, nothing } from './filter-values.ts';
import { instanceNetworkFilters } from './instance-network-filters.ts';
import type { FilterIndexes } from './narrow.ts';

/** Documented filters about things that no instance of this platform has. */
const absent = nothing([
  'affinity',
  'capacity-reservation-id',
  'capacity-reservation-specification.capacity-reservation-preference',
  'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id',
  'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn',
  'host-id',
  'iam-instance-profile.arn',
  'iam-instance-profile.id',
  'instance-lifecycle',
  'ipv6-address',
  'network-performance-options.bandwidth-weighting',
  'operator.principal',
  'outpost-arn',
  'placement-group-name',
  'placement-partition-number',
  'product-code',
  'product-code.type',
  'requester-id',
  'spot-instance-request-id',
  'tpm-support',
]);

/** The filters of DescribeInstances, by their documented names. */
export const instanceFilters: FilterTable<InstanceFacts> = {
  ...absent,
  ...instanceNetworkFilters,
  'tag:': ({ instance }, key) => tagFilters['tag:'](instance, key),
  'tag-key': ({ instance }) => tagFilters['tag-key'](instance),
  architecture: ({ instance }) => instance.architecture,
  'availability-zone': ({ instance }) => instance.zone,
  'availability-zone-id': ({ instance }) => zoneId(instance.zone),
  'block-device-mapping.attach-time': ({ instance }) =>
    instance.volumes.map((volume) => isoTime(volume.attachedAt)),
  'block-device-mapping.delete-on-termination': ({ instance }) =>
    instance.volumes.map((volume) => volume.deleteOnTermination),
  'block-device-mapping.device-name': ({ instance }) =>
    instance.volumes.map((volume) => volume.deviceName),
  'block-device-mapping.status': attachmentStatuses,
  'block-device-mapping.volume-id': ({ instance }) =>
    instance.volumes.map((volume) => volume.volumeId),
  'boot-mode': ({ instance }) => instance.bootMode,
  'client-token': ({ instance }) => instance.clientToken,
  'current-instance-boot-mode': ({ instance }) => instance.bootMode,
  'dns-name': ({ nic }) => nic && publicName(nic),
  'ebs-optimized': ({ instance }) => instance.ebsOptimized,
  'ena-support': ({ instance }) => instance.enaSupport,
  'enclave-options.enabled': () => false,
  'hibernation-options.configured': () => false,
  hypervisor: () => 'xen',
  'image-id': ({ instance }) => instance.imageId,
  'instance-id': ({ instance }) => instance.id,
  'instance-state-code': ({ instance }) => stateCodes[instance.state],
  'instance-state-name': ({ instance }) => instance.state,
  'instance-type': ({ instance }) => instance.instanceType,
  'instance.group-id': ({ groups }) => groups.map((group) => group.id),
  'instance.group-name': ({ groups }) => groups.map((group) => group.name),
  'ip-address': ({ nic }) => nic?.publicIp,
  'kernel-id': ({ instance }) => instance.kernelId,
  'key-name': ({ instance }) => instance.keyName,
  'launch-index': ({ instance }) => instance.launchIndex,
  'launch-time': ({ instance }) => isoTime(instance.launchedAt),
  'maintenance-options.auto-recovery': ({ instance }) => instance.autoRecovery ?? 'default',
  'metadata-options.http-endpoint': ({ instance }) => instance.metadataOptions.httpEndpoint,
  'metadata-options.http-protocol-ipv4': ({ instance }) => instance.metadataOptions.httpEndpoint,
  'metadata-options.http-protocol-ipv6': ({ instance }) =>
    instance.metadataOptions.httpProtocolIpv6,
  'metadata-options.http-put-response-hop-limit': ({ instance }) =>
    instance.metadataOptions.httpPutResponseHopLimit,
  'metadata-options.http-tokens': ({ instance }) => instance.metadataOptions.httpTokens,
  'metadata-options.instance-metadata-tags': ({ instance }) =>
    instance.metadataOptions.instanceMetadataTags,
  'metadata-options.state': ({ instance }) => instance.metadataOptions.state,
  'monitoring-state': ({ instance }) => instance.monitoring,
  'operator.managed': () => false,
  'owner-id': ({ instance }) => instance.ownerId,
  platform: ({ instance }) =>
    instance.platformDetails.startsWith('Windows') ? 'windows' : undefined,
  'platform-details': ({ instance }) => instance.platformDetails,
  'private-dns-name': ({ nic }) => nic && privateDnsName(nic.privateIp, nic.region),
  'private-dns-name-options.enable-resource-name-dns-a-record': () => false,
  'private-dns-name-options.enable-resource-name-dns-aaaa-record': () => false,
  'private-dns-name-options.hostname-type': () => 'ip-name',
  'private-ip-address': ({ nic }) => nic?.privateIp,
  'ramdisk-id': ({ instance }) => instance.ramdiskId,
  reason: ({ instance }) => instance.stateTransitionReason,
  'reservation-id': ({ instance }) => instance.reservationId,
  'root-device-name': ({ instance }) => instance.rootDeviceName,
  'root-device-type': ({ instance }) => instance.rootDeviceType,
  'source-dest-check': ({ nic }) => nic?.sourceDestCheck,
  'state-reason-code': ({ instance }) => instance.stateReason?.code,
  'state-reason-message': ({ instance }) => instance.stateReason?.message,
  'subnet-id': ({ nic }) => nic?.subnetId,
  tenancy: () => 'default',
  'usage-operation': () => 'RunInstances',
  'usage-operation-update-time': ({ instance }) => isoTime(instance.createdAt),
  'virtualization-type': ({ instance }) => instance.virtualizationType,
  'vpc-id': ({ nic }) => nic?.vpcId,
};

export const instanceIndexes: FilterIndexes<'instance'> = {
  'image-id': 'image',
  'instance-state-name': 'state',
  'reservation-id': 'reservation',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
