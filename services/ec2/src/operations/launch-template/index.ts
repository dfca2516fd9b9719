import type { OperationTable } from '../../operation.ts';
import { createLaunchTemplate } from './create-launch-template.ts';
import { createLaunchTemplateVersion } from './create-launch-template-version.ts';
import { deleteLaunchTemplate } from './delete-launch-template.ts';
import { deleteLaunchTemplateVersions } from './delete-launch-template-versions.ts';
import { describeLaunchTemplateVersions } from './describe-launch-template-versions.ts';
import { describeLaunchTemplates } from './describe-launch-templates.ts';
import { getLaunchTemplateData } from './get-launch-template-data.ts';
import { modifyLaunchTemplate } from './modify-launch-template.ts';

export const launchTemplateOperations = {
  CreateLaunchTemplate: createLaunchTemplate,
  CreateLaunchTemplateVersion: createLaunchTemplateVersion,
  DeleteLaunchTemplate: deleteLaunchTemplate,
  DeleteLaunchTemplateVersions: deleteLaunchTemplateVersions,
  DescribeLaunchTemplateVersions: describeLaunchTemplateVersions,
  DescribeLaunchTemplates: describeLaunchTemplates,
  GetLaunchTemplateData: getLaunchTemplateData,
  ModifyLaunchTemplate: modifyLaunchTemplate,
} satisfies OperationTable;
