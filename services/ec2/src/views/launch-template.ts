import type * as Ec2 from '@bakehouse/aws-model';
import type { LaunchTemplate, LaunchTemplateVersion } from '@bakehouse/domain';
import { tagsIfAny } from '../request/tags.ts';
import { wholeSecond } from './time.ts';

type TemplateView = NonNullable<Ec2.Ec2Output<'CreateLaunchTemplate'>['LaunchTemplate']>;
type VersionView = NonNullable<
  Ec2.Ec2Output<'CreateLaunchTemplateVersion'>['LaunchTemplateVersion']
>;

export function launchTemplateView(template: LaunchTemplate): TemplateView {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    CreateTime: wholeSecond(template.createdAt),
    CreatedBy: template.createdBy,
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: template.latestVersion,
    ...tagsIfAny(template.tags),
  };
}

/** The template data is returned as the client sent it. */
export function launchTemplateVersionView(
  template: LaunchTemplate,
  version: LaunchTemplateVersion,
): VersionView {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    VersionNumber: version.version,
    ...(version.description === undefined ? {} : { VersionDescription: version.description }),
    CreateTime: wholeSecond(version.createdAt),
    CreatedBy: version.createdBy,
    DefaultVersion: version.version === template.defaultVersion,
    LaunchTemplateData: version.data as NonNullable<VersionView['LaunchTemplateData']>,
  };
}
