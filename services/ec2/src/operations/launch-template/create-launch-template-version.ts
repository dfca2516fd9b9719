import { apiError, type LaunchTemplate, rootUserArn } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { groupsOver } from '../../launch/launch-parameters.ts';
import { findTemplate, versionByNumber, versionNumber } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { checkDescription } from '../../request/text.ts';
import { launchTemplateVersionView } from '../../views/launch-template.ts';
import { type TemplateData, templateData } from './template-data.ts';

type Request = Parameters<Operation<'CreateLaunchTemplateVersion'>>[1];

/** A snapshot of the source's mapping is not inherited; the request must name it again ("SourceVersion"). */
function inherited(data: TemplateData): TemplateData {
  const { BlockDeviceMappings: mappings, ...rest } = data;
  if (!mappings) return rest;
  const kept = mappings.map(({ Ebs: ebs, ...mapping }) => {
    const { SnapshotId: _, ...own } = ebs ?? {};
    return ebs ? { ...mapping, Ebs: own } : mapping;
  });
  return { ...rest, BlockDeviceMappings: kept };
}

/** The source version's data, whose members the request's replace one by one. */
async function dataOf(tx: ControlTransaction, template: LaunchTemplate, request: Request) {
  if (request.SourceVersion === undefined) return templateData(request.LaunchTemplateData);
  const number = versionNumber(template, 'SourceVersion', request.SourceVersion);
  const source = await versionByNumber(tx, template, number);
  const own = Object.entries(request.LaunchTemplateData).filter(([, value]) => value !== undefined);
  return templateData({
    ...inherited(source.data),
    ...Object.fromEntries(own),
    ...groupsOver(request.LaunchTemplateData),
  });
}

async function create(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<readonly string[]> {
  checkDescription(request.VersionDescription);
  const template = await findTemplate(tx, context, request);
  const version = (template.lastVersion ?? template.latestVersion) + 1;
  const { accountId: ownerId, region, now: createdAt } = context;
  const id = `${template.id}:${version}` as const;
  await tx.put('launchTemplateVersion', {
    ...{ id, templateId: template.id, ownerId, region, createdAt, version },
    createdBy: rootUserArn({ region, ownerId }),
    ...(request.VersionDescription ? { description: request.VersionDescription } : {}),
    data: await dataOf(tx, template, request),
  });
  const { lastVersion: _, ...rest } = template;
  await tx.put('launchTemplate', { ...rest, latestVersion: version });
  return [id];
}

/** Versions are numbered on; a number is never used again. */
export const createLaunchTemplateVersion: Operation<'CreateLaunchTemplateVersion'> = async (
  context,
  request,
) => {
  refuseUnserved(request, ['ResolveAlias']);
  const use = { operation: 'CreateLaunchTemplateVersion', token: request.ClientToken, request };
  return await context.write(async (tx) => {
    const [id = ''] = await withClientToken(tx, context, use, () => create(tx, context, request));
    const version = await tx.get('launchTemplateVersion', id);
    const template = version && (await tx.get('launchTemplate', version.templateId));
    if (!version || !template) {
      throw apiError('InvalidLaunchTemplateId.VersionNotFound', {
        message: `The launch template version ${id} was deleted`,
      });
    }
    return { LaunchTemplateVersion: launchTemplateVersionView(template, version) };
  });
};
