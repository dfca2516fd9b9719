import type { Ec2Input } from '@bakehouse/aws-model';
import type { LaunchTemplate, LaunchTemplateVersion } from '@bakehouse/domain';
import { wholeSecondText } from '../views/time.ts';
import { type FilterTable, nothing, tagFilters } from './filter.ts';
import type { FilterIndexes } from './narrow.ts';

/** The filters of DescribeLaunchTemplates, by their documented names. */
export const launchTemplateFilters: FilterTable<LaunchTemplate> = {
  ...tagFilters,
  'create-time': (template) => wholeSecondText(template.createdAt),
  'launch-template-name': (template) => template.name,
};

export const launchTemplateIndexes: FilterIndexes<'launchTemplate'> = {
  'launch-template-name': 'name',
  'tag:': 'tag',
  'tag-key': 'tagKey',
};

export interface VersionFacts {
  readonly template: LaunchTemplate;
  readonly version: LaunchTemplateVersion;
}

type Data = Ec2Input<'CreateLaunchTemplate'>['LaunchTemplateData'];
const dataOf = ({ version }: VersionFacts): Data => version.data;

/** The filters of DescribeLaunchTemplateVersions, by their documented names. */
export const launchTemplateVersionFilters: FilterTable<VersionFacts> = {
  ...nothing(['host-resource-group-arn', 'iam-instance-profile', 'license-configuration-arn']),
  'create-time': ({ version }) => wholeSecondText(version.createdAt),
  'ebs-optimized': (facts) => dataOf(facts).EbsOptimized,
  'http-endpoint': (facts) => dataOf(facts).MetadataOptions?.HttpEndpoint,
  'http-protocol-ipv4': (facts) => dataOf(facts).MetadataOptions?.HttpEndpoint,
  'http-tokens': (facts) => dataOf(facts).MetadataOptions?.HttpTokens,
  'image-id': (facts) => dataOf(facts).ImageId,
  'instance-type': (facts) => dataOf(facts).InstanceType,
  'is-default-version': ({ template, version }) => version.version === template.defaultVersion,
  'kernel-id': (facts) => dataOf(facts).KernelId,
  'network-card-index': (facts) =>
    dataOf(facts).NetworkInterfaces?.map((nic) => nic.NetworkCardIndex),
  'ram-disk-id': (facts) => dataOf(facts).RamDiskId,
};
