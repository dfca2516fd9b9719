import {
  bootMode,
  currentBootMode,
  privateDnsName,
  virtualizationType,
  zoneId,
} from '@bakehouse/domain';
import {
  groupsOfInstance,
  type InstanceFacts,
  primaryAddress,
  primaryNic,
  shownMonitoring,
  shownOptionsState,
  shownStateReason,
  shownVolumes,
  stateCodes,
} from '../views/instance-facts.ts';
import { isWindows, usageOperation, windows } from '../views/platform.ts';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, nothing, tagFilters } from './filter.ts';
import { instanceNetworkFilters } from './instance-network-filters.ts';
import type { FilterIndexes } from './narrow.ts';

/** Documented filters by members that no instance of this platform has. */
const absent = nothing([
  'affinity',
  'capacity-reservation-id',
  'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id',
  'capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn',
  'host-id',
  'iam-instance-profile.arn',
  'iam-instance-profile.id',
  'instance-lifecycle',
  'ipv6-address',
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

/** Empty without a public address; of no interface, none. */
const dnsName = (facts: InstanceFacts) => primaryAddress(facts)?.publicName;

/** The filters of DescribeInstances, by their documented names. */
export const instanceFilters: FilterTable<InstanceFacts> = {
  ...absent,
  ...instanceNetworkFilters,
  'tag:': ({ instance }, key) => tagFilters['tag:'](instance, key),
  'tag-key': ({ instance }) => tagFilters['tag-key'](instance),
  architecture: ({ instance }) => instance.architecture,
  'availability-zone': ({ instance }) => instance.zone,
  'availability-zone-id': ({ instance }) => zoneId(instance.zone),
  'block-device-mapping.attach-time': (facts) =>
    shownVolumes(facts).map((volume) => wholeSecondText(volume.attachedAt)),
  'block-device-mapping.delete-on-termination': (facts) =>
    shownVolumes(facts).map((volume) => volume.deleteOnTermination),
  'block-device-mapping.device-name': (facts) =>
    shownVolumes(facts).map((volume) => volume.deviceName),
  'block-device-mapping.status': (facts) => shownVolumes(facts).map(({ status }) => status),
  'block-device-mapping.volume-id': (facts) => shownVolumes(facts).map((volume) => volume.volumeId),
  'boot-mode': ({ instance }) => bootMode(instance),
  'capacity-reservation-specification.capacity-reservation-preference': () => 'open',
  'client-token': ({ instance }) => instance.clientToken,
  'current-instance-boot-mode': ({ instance }) => currentBootMode(instance),
  'dns-name': dnsName,
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
  'instance.group-id': (facts) => groupsOfInstance(facts).map((group) => group.id),
  'instance.group-name': (facts) => groupsOfInstance(facts).map((group) => group.name),
  'ip-address': (facts) => primaryAddress(facts)?.publicIp,
  'kernel-id': ({ instance }) => instance.boot.kernelId,
  'key-name': ({ instance }) => instance.keyName,
  'launch-index': ({ instance }) => instance.launchIndex,
  'launch-time': ({ instance }) => wholeSecondText(instance.launchedAt),
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
  'metadata-options.state': ({ instance }) => shownOptionsState(instance),
  'monitoring-state': ({ instance }) => shownMonitoring(instance),
  'network-performance-options.bandwidth-weighting': () => 'default',
  'operator.managed': () => false,
  'owner-id': ({ instance }) => instance.ownerId,
  platform: ({ instance }) => (isWindows(instance) ? windows : undefined),
  'platform-details': ({ instance }) => instance.platformDetails,
  'private-dns-name': (facts) => {
    const nic = primaryNic(facts);
    return nic && privateDnsName(nic.privateIp, nic.region);
  },
  'private-dns-name-options.enable-resource-name-dns-a-record': () => false,
  'private-dns-name-options.enable-resource-name-dns-aaaa-record': () => false,
  'private-dns-name-options.hostname-type': () => 'ip-name',
  'private-ip-address': (facts) => primaryNic(facts)?.privateIp,
  'ramdisk-id': ({ instance }) => instance.boot.ramdiskId,
  reason: ({ instance }) => instance.stateTransitionReason,
  'reservation-id': ({ instance }) => instance.reservationId,
  'root-device-name': ({ instance }) => instance.root.deviceName,
  'root-device-type': ({ instance }) => instance.root.kind,
  'source-dest-check': (facts) => primaryNic(facts)?.sourceDestCheck,
  'state-reason-code': ({ instance }) => shownStateReason(instance)?.code,
  'state-reason-message': ({ instance }) => shownStateReason(instance)?.message,
  'subnet-id': (facts) => primaryNic(facts)?.subnetId,
  tenancy: () => 'default',
  'usage-operation': ({ instance }) => usageOperation(instance),
  'usage-operation-update-time': ({ instance }) => wholeSecondText(instance.createdAt),
  'virtualization-type': ({ instance }) => virtualizationType(instance),
  'vpc-id': (facts) => primaryNic(facts)?.vpcId,
};

export const instanceIndexes: FilterIndexes<'instance'> = {
  'image-id': 'image',
  'instance-state-name': 'state',
  'reservation-id': 'reservation',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
