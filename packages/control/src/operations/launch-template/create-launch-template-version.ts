import { apiError, type LaunchTemplate } from '@bakehouse/domain';
import { withClientToken } from '../../client-token.ts';
import type { OperationContext } from '../../context.ts';
import { checkDescription } from '../../description.ts';
import { findTemplate, versionByNumber, versionNumber } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { refuseUnserved } from '../../refuse-unserved.ts';
import { launchTemplateVersionView } from '../../views/launch-template.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { creatorOf } from './creator.ts';
import { templateData } from './template-data.ts';

type Request = Parameters<Operation<'CreateLaunchTemplateVersion'>>[1];

/** The source version's data, whose members the request's replace one by one. */
async function dataOf(tx: ControlTransaction, template: LaunchTemplate, request: Request) {
  if (request.SourceVersion === undefined) return templateData(request.LaunchTemplateData);
  const number = versionNumber(template, request.SourceVersion);
  const source = await versionByNumber(tx, template, number);
  const own = Object.entries(request.LaunchTemplateData).filter(([, value]) => value !== undefined);
  return templateData({ ...source.data, ...Object.fromEntries(own) });
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
    createdBy: creatorOf(ownerId),
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
