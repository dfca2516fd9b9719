import {
  type BlockDeviceMapping,
  bootMode,
  type EbsMapping,
  virtualizationType,
} from '@bakehouse/domain';
import { type ImageFacts, imageLocation } from '../views/image.ts';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, type FilterValue, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

type ImageFilter = FilterTable<ImageFacts>[string];

const ofDevice =
  (get: (device: BlockDeviceMapping) => FilterValue): ImageFilter =>
  ({ image }) =>
    image.blockDevices.map(get);
const ofEbs = (get: (ebs: EbsMapping) => FilterValue): ImageFilter =>
  ofDevice((device) => (device.ebs ? get(device.ebs) : undefined));

/** Images here have no watermarks, findings or product codes, so filters by them match nothing. */
const never = () => undefined;

/** The filters of DescribeImages, by their documented names. */
export const imageFilters: FilterTable<ImageFacts> = {
  'tag:': ({ image }, key) => tagFilters['tag:'](image, key),
  'tag-key': ({ image }) => tagFilters['tag-key'](image),
  architecture: ({ image }) => image.architecture,
  'block-device-mapping.delete-on-termination': ofEbs((ebs) => ebs.deleteOnTermination),
  'block-device-mapping.device-name': ofDevice((device) => device.deviceName),
  'block-device-mapping.snapshot-id': ofEbs((ebs) => ebs.snapshotId),
  'block-device-mapping.volume-size': ofEbs((ebs) => ebs.sizeGiB),
  'block-device-mapping.volume-type': ofEbs((ebs) => ebs.volumeType),
  'block-device-mapping.encrypted': ofEbs((ebs) => ebs.encryption !== undefined),
  'boot-mode': ({ image }) => bootMode(image),
  'creation-date': ({ image }) => wholeSecondText(image.createdAt),
  description: ({ image }) => image.description,
  'ena-support': ({ image }) => image.enaSupport,
  'free-tier-eligible': () => false,
  hypervisor: () => 'xen',
  'image-allowed': never,
  'image-id': ({ image }) => image.id,
  'image-type': () => 'machine',
  'image-watermark.source-image-creation-time': never,
  'image-watermark.source-image-id': never,
  'image-watermark.source-image-region': never,
  'image-watermark.watermark-creation-time': never,
  'image-watermark.watermark-key': never,
  'instance-type-specification.supported-instance-type': never,
  'instance-type-specification.unsupported-instance-type': never,
  'is-public': ({ image }) => image.launchPermissions.everyone,
  'kernel-id': ({ image }) => image.boot.kernelId,
  'manifest-location': imageLocation,
  name: ({ image }) => image.name,
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  'owner-id': ({ image }) => image.ownerId,
  platform: ({ image }) => image.platform,
  'product-code': never,
  'product-code.type': never,
  'public-ssm-parameter-name': never,
  'ramdisk-id': ({ image }) => image.boot.ramdiskId,
  'root-device-name': ({ image }) => image.root.deviceName,
  'root-device-type': ({ image }) => image.root.kind,
  'scan-result.critical-fix-available-since': never,
  'scan-result.finding-scan-date': never,
  'scan-result.high-fix-available-since': never,
  'scan-result.highest-finding-severity-label': never,
  'scan-result.informational-fix-available-since': never,
  'scan-result.low-fix-available-since': never,
  'scan-result.medium-fix-available-since': never,
  'source-image-id': ({ image }) => image.sourceImageId,
  'source-image-region': ({ image }) => image.sourceImageRegion,
  'source-instance-id': ({ image }) => image.sourceInstanceId,
  state: ({ image }) => image.state,
  'state-reason-code': ({ image }) => image.stateReason?.code,
  'state-reason-message': ({ image }) => image.stateReason?.message,
  'sriov-net-support': ({ image }) => image.sriovNetSupport,
  'virtualization-type': ({ image }) => virtualizationType(image),
};

export const imageIndexes: FilterIndexes<'image'> = {
  name: 'name',
  'owner-id': 'owner',
  state: 'state',
  'block-device-mapping.snapshot-id': 'snapshot',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};
